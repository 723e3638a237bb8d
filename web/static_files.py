"""Our own files and plotly.js, named by their content so that browsers keep them for good.

`url_for('static', filename='css/base.css')` adds the hash of the file as `?v=…`; an address with the
right hash is immutable, any other is asked for again. `plotly.min.js` comes from the installed package.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import plotly
from flask import Flask, Response, abort, request, send_file
from werkzeug.security import safe_join

from web.access import open_to_everybody

PLOTLY = "plotly.min.js"
A_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Adds /static, and the hashes to its addresses."""
    root = Path(app.root_path, "static")
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=open_to_everybody(_view(root)))

    @app.url_defaults
    def _add_hash(endpoint: str, values: dict) -> None:
        if endpoint == "static" and "v" not in values:
            path = find(root, values.get("filename", ""))
            if path:
                values["v"] = hash_of(path)


def _view(root: Path):
    def static(filename: str) -> Response:
        path = find(root, filename)
        if path is None:
            abort(404)
        response = send_file(path, etag=hash_of(path), conditional=True)
        is_current = request.args.get("v") == hash_of(path)
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable" if is_current else "no-cache"
        return response

    return static


def find(root: Path, name: str) -> Path | None:
    """The file of that name below `root`, or plotly's; None if there is none."""
    if name == PLOTLY:
        return Path(plotly.__file__).parent / "package_data" / PLOTLY
    joined = safe_join(str(root), name)
    return Path(joined) if joined and Path(joined).is_file() else None


def hash_of(path: Path) -> str:
    """A short hash of the file's content, read again only when the file changed."""
    stat = path.stat()
    return _hash(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=500)
def _hash(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
