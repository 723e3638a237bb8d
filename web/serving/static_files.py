"""Our own files and plotly.js, named by their content so that browsers keep them for good.

`url_for('static', filename='css/base.css')` adds the hash of the file as `?v=…`; an address with the
right hash is immutable, any other is asked for again. `plotly.min.js` comes from the installed package:
no other host is ever asked. Texts are compressed once, into the cache folder.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

import plotly
from flask import Flask, Response, abort, current_app, request, send_file
from werkzeug.security import safe_join

from web.http import current
from web.http.access import open_to_everybody
from web.http.compression import takes_gzip
from web.serving.cache import cache_folder, make_private

PLOTLY = "plotly.min.js"
A_YEAR = 365 * 24 * 3600
_TEXTS = (".css", ".js", ".svg", ".json")


def register(app: Flask) -> None:
    """Adds /static, and the hashes to its addresses."""
    root = Path(app.root_path, "static")
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=open_to_everybody(_view(root)))

    @app.url_defaults
    def _add_hash(endpoint: str, values: dict) -> None:
        if endpoint != "static" or "v" in values:
            return
        path = find(root, values.get("filename", ""))
        if path:
            values["v"] = hash_of(path)


def find(root: Path, name: str) -> Path | None:
    """The file of that name below `root`, or plotly's; None if there is none."""
    if name == PLOTLY:
        return Path(plotly.__file__).parent / "package_data" / PLOTLY
    joined = safe_join(str(root), name) if "\0" not in name else None
    return Path(joined) if joined and Path(joined).is_file() else None


def hash_of(path: Path) -> str:
    """A short hash of the file's content, read again only when the file changed."""
    stat = path.stat()
    return _hash(path, stat.st_mtime_ns, stat.st_size)


def prepare(app: Flask) -> None:
    """Compresses plotly.js before anybody waits for it."""
    with app.app_context():
        path = find(Path(app.root_path, "static"), PLOTLY)
        _compressed(path, hash_of(path))


def _view(root: Path) -> Callable[[str], Response]:
    def static(filename: str) -> Response:
        path = find(root, filename)
        if path is None:
            abort(404)
        mark = hash_of(path)
        packed = _compressed(path, mark) if path.suffix in _TEXTS else None
        if packed and takes_gzip():
            response = send_file(packed, mimetype=_kind(path), etag=f"{mark}-gzip", download_name=path.name)
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = send_file(path, mimetype=_kind(path), etag=mark)
        if packed:
            response.vary.add("Accept-Encoding")
        is_this = request.args.get("v") == mark
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable" if is_this else "no-cache"
        return response

    return static


def _kind(path: Path) -> str | None:
    return {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}.get(
        path.suffix
    )


def _compressed(path: Path, mark: str) -> Path | None:
    """The file's compressed copy, made if it is not there; None where it cannot be kept. Processes that
    make it at once each replace it whole."""
    folder = cache_folder(current.settings()) / "static"
    packed = folder / f"{path.name}.{mark}.gz"
    if packed.is_file():
        return packed
    try:
        make_private(folder)
        own = folder / f"{secrets.token_hex(8)}.part"
        own.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        own.replace(packed)
    except OSError as error:
        current_app.logger.warning("%s: not kept compressed (%s)", packed, error.strerror)
        return None
    return packed


@functools.lru_cache(maxsize=500)
def _hash(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
