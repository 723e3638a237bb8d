"""What a reader sees when something is wrong: calm words and the request's id. The log has the rest."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from flask import Flask, json, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from domain import errors
from web.http import current


@dataclass(frozen=True)
class Words:
    """What a page of an error says. `retry_after` is in seconds, for whoever asks again by itself."""

    status: int
    heading: str
    words: str
    command: str = ""
    retry_after: int = 0


_STATUSES = {
    400: ("This request does not make sense", "Something in the address or in the form is not as it should be."),
    401: ("Who is asking?", "This address needs a token, or somebody signed in."),
    403: ("Not for this user", "You are signed in, but your role does not include this. An admin can change that."),
    404: ("Nothing here", "There is no such page, or it is not one of yours."),
    405: ("Not this way", "This address is there, but it does not take this kind of request."),
    410: ("Gone", "What you asked for was there once and is no longer kept."),
    413: ("Too large", "What was sent is larger than what is accepted here."),
    414: ("Address too long", "The address is longer than any this site makes."),
    429: ("Too many attempts", "Please wait a little before you try again."),
    500: ("Something broke", "That is our mistake. It has been noted; trying again may work."),
    503: ("One moment", "The dashboard cannot answer just now. Please try again in a minute."),
}

_STALE_FORM = Words(
    400, "This form is too old", "Its session ended since the page was opened. Go back, reload, and try again."
)

# Without a generation there is no figure to show: 503, so that no monitor, script or cache takes the
# page for figures. /readyz is content meanwhile: the app itself is in order.
_NEVER_REFRESHED = Words(
    503, "No figures yet", "The summary tables have not been built. On the server, run:",
    command="flask refresh-summaries", retry_after=60,
)
_NO_SCHEMA = Words(
    503, "The database is not set up", "Its tables are missing, or of another version. On the server, run:",
    command="flask init-db", retry_after=60,
)
_GENERATION_LOST = Words(
    503, "The figures cannot be read", "What they were made of is not touched. On the server, run:",
    command="flask refresh-summaries --full", retry_after=60,
)
_DAMAGED = Words(
    503, "A file of the database is damaged", "What to do depends on which. On the server, run:",
    command="flask doctor", retry_after=60,
)
_UNREACHABLE = Words(
    503, "The database does not answer", "The figures are safe, but out of reach for the moment. Please try again.",
    retry_after=30,
)

_GENERATION_GONE = Words(
    410, "These figures are no longer kept", "A later generation has taken their place: its figures are the live ones.",
)

_FAMILY = (
    (errors.NeverRefreshed, _NEVER_REFRESHED),
    (errors.SchemaError, _NO_SCHEMA),
    (errors.GenerationLost, _GENERATION_LOST),
    (errors.Damaged, _DAMAGED),
    (errors.DatabaseUnreachable, _UNREACHABLE),
    (errors.LockBusy, Words(503, *_STATUSES[503], retry_after=30)),
    (errors.OutOfSpace, Words(503, *_STATUSES[503], retry_after=60)),
    (errors.SetupError, Words(503, *_STATUSES[503], retry_after=60)),
    (errors.GenerationGone, _GENERATION_GONE),
)


def register(app: Flask) -> None:
    """Gives every error its page, or its JSON below /api."""

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        response = _answer(_words_of(error))
        for name, value in error.get_headers(request.environ):
            if name.lower() in ("allow", "retry-after", "www-authenticate"):
                response.headers[name] = value
        return response

    @app.errorhandler(errors.LegoError)
    def _lego(error: errors.LegoError) -> Response:
        words = _words_of_ours(error)
        is_failure = words.status >= 500 and words is not _NEVER_REFRESHED
        app.logger.log(logging.ERROR if is_failure else logging.INFO, "%s: %s", type(error).__name__, error)
        return _answer(words)

    @app.errorhandler(ParseException)
    def _broken_body(error: ParseException) -> Response:
        # Its words quote what was sent, which may be a password.
        return _answer(Words(400, *_STATUSES[400]))

    @app.errorhandler(sa.exc.OperationalError)
    @app.errorhandler(sa.exc.InterfaceError)
    @app.errorhandler(sa.exc.TimeoutError)
    def _database(error: sa.exc.SQLAlchemyError) -> Response:
        # Lock waits, statements over their time, connections that broke: what a second try may cure.
        app.logger.error("%s: %s", type(error).__name__, str(error).splitlines()[0])
        return _answer(_UNREACHABLE)


def _words_of(error: HTTPException) -> Words:
    if isinstance(error, CSRFError):
        return _STALE_FORM
    status = error.code or 500
    heading, words = _STATUSES.get(status, (HTTP_STATUS_CODES.get(status, "Error"), "This request was not answered."))
    # A description of our own names the permitted values; the framework's stays in the log.
    if status in (400, 404, 410, 413, 503) and type(error).__module__ == "werkzeug.exceptions":
        own = error.description
        words = own if own and own != type(error).description else words
    return Words(status, heading, words)


def _words_of_ours(error: errors.LegoError) -> Words:
    for kind, words in _FAMILY:
        if isinstance(error, kind):
            return words
    if isinstance(error, errors.Refused):
        return Words(400, _STATUSES[400][0], str(error))
    return Words(500, *_STATUSES[500])


def _answer(words: Words) -> Response:
    response = _problem(words) if request.path.startswith("/api/") else _page(words)
    if words.retry_after:
        response.headers["Retry-After"] = str(words.retry_after)
    if words.status == 410:
        response.headers["Link"] = f'<{_live_address()}>; rel="latest-version"'
    return response


def _live_address() -> str:
    """The same address, without the generation that is gone."""
    pairs = [(word, text) for word, text in request.args.items(multi=True) if word != "generation"]
    return quote(request.root_path + request.path) + (f"?{urlencode(pairs, safe=',')}" if pairs else "")


def _page(words: Words) -> Response:
    page = render_template(
        "errors/error.html", status=words.status, heading=words.heading, words=words.words, command=words.command,
        request_id=current.request_id(), way=_live_address() if words.status == 410 else "",
        way_words="The same with today's figures",
    )
    return make_response(page, words.status)


def _problem(words: Words) -> Response:
    """RFC 9457; `error` beside `detail`, for programs that look for that."""
    detail = f"{words.words} {words.command}".strip()
    body = {
        "title": words.heading, "status": words.status, "detail": detail, "error": detail,
        "request_id": current.request_id(),
    }
    response = make_response(json.dumps(body) + "\n", words.status)
    response.content_type = "application/problem+json"
    return response
