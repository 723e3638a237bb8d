"""Parameters that no page knows, as mails and advertisements add them to links: a page is shown without them.

What is nearly a word of ours is refused by the page itself, which names what is permitted: `brands=3` taken away would
show more than the link meant. Files and the API, which programs ask, refuse whatever they do not know.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from database.queries.pages import PAGES
from web.http.access import is_open

OF_OTHER_PAGES = (
    "user", "action", "asin", "month", "settlement", "kind", "table", "per_page", "next", "q", "here", "address",
)
"""Words of pages that are not in the list of pages."""
KNOWN = frozenset({*(word for page in PAGES for word in page.words), *OF_OTHER_PAGES})
FILES = (".csv", ".xlsx")


def register(app: Flask) -> None:
    """Sends who asks for a page with such parameters to the same page without them, once they may see it."""

    @app.before_request
    def _leave_out() -> Response | None:
        view = app.view_functions.get(request.endpoint or "")
        is_page = request.method == "GET" and not request.path.startswith("/api/") and not request.path.endswith(FILES)
        if view is None or not is_page or is_open(view) or request.endpoint == "static":
            return None
        pairs = list(request.args.items(multi=True))
        kept = [(word, text) for word, text in pairs if _is_ours(word)]
        if len(kept) == len(pairs):
            return None
        address = quote(request.root_path + request.path)
        return redirect(f"{address}?{urlencode(kept, safe=',')}" if kept else address, 302)


def _is_ours(word: str) -> bool:
    small = word.strip().lower()
    return small in KNOWN or small.removesuffix("s") in KNOWN
