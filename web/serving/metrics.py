"""/metrics: what Prometheus asks for. Pages are named by their endpoint, never by their path.

Under gunicorn every worker writes its counts into files, and whichever is asked adds them up (`counts.py`). What the
database knows, such as the last run, is read when it is asked for.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, g, has_request_context, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from web.http import current
from web.http.access import open_to_everybody
from web.serving import counts, slow_statements
from web.serving.cache import HELD
from web.serving.metrics_state import StateCollector

pages = Blueprint("metrics", __name__)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the counted durations; 0.2 is the promise for a page."""
NO_PAGE = "none"
NOT_PAGES = ("static", NO_PAGE, "metrics.", "health.")
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


class Meters:
    """What is counted while requests are served."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.page = Histogram(
            "lego_page_seconds", "Time until an answer was ready, by page.", ["page"], buckets=SECONDS,
            registry=self.registry,
        )
        self.answers = Counter(
            "lego_answers", "Answers by page and class of status.", ["page", "status"], registry=self.registry
        )
        self.statement = Histogram(
            "lego_statement_seconds", "Time of the database's answers to single statements, by page.", ["page"],
            buckets=SECONDS, registry=self.registry,
        )
        self.cache = Counter(
            "lego_cache_answers", "Pages' contents that were held (hit) or had to be made (miss).", ["result"],
            registry=self.registry,
        )
        self.pool = Gauge(
            "lego_pool_in_use", "Database connections in use, all processes.", registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.pool_limit = Gauge(
            "lego_pool_limit", "Database connections that may be in use at once, all processes.",
            registry=self.registry, multiprocess_mode="livesum",
        )
        for result in ("hit", "miss"):
            self.cache.labels(result)

    def counted(self) -> CollectorRegistry:
        """The counts of all processes."""
        return counts.of_all_processes() if counts.are_shared() else self.registry


@dataclass(frozen=True)
class PageTime:
    """How long answers of a page took, in seconds: how many there were, the median, the 95th percentile."""

    page: str
    count: int
    median: float
    slowest: float


def register(app: Flask) -> None:
    """Counts requests, statements and connections of the app."""
    counts.share()
    meters = app.extensions["lego_metrics"] = Meters()
    _watch_statements()
    store = app.extensions["lego_store"]
    # Both engines may share one pool.
    for engine in {id(engine.pool): engine for engine in (store.application, store.application_reading)}.values():
        _watch_pool(engine, meters)

    @app.after_request
    def _count(response: Response) -> Response:
        page = request.endpoint or NO_PAGE
        meters.page.labels(page).observe(time.perf_counter() - g.get("started", time.perf_counter()))
        meters.answers.labels(page, f"{response.status_code // 100}xx").inc()
        if "answered_from" in g:
            meters.cache.labels("hit" if g.answered_from == HELD else "miss").inc()
        return response


@pages.get("/metrics")
@open_to_everybody
def show() -> Response:
    """The metrics, for this machine and whoever has the token."""
    if not (_is_local() or _has_token()):
        raise Unauthorized(
            "Metrics are for this machine, and for whoever has the token.", www_authenticate=WWWAuthenticate("bearer")
        )
    meters: Meters = current_app.extensions["lego_metrics"]
    state = CollectorRegistry()
    state.register(StateCollector(current.store()))
    body = generate_latest(meters.counted()) + generate_latest(state)
    return Response(body, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})


def page_times() -> list[PageTime]:
    """Every page that was asked for since the server was started, the slowest first."""
    meters: Meters = current_app.extensions["lego_metrics"]
    found: dict[str, list[tuple[float, float]]] = {}
    for family in meters.counted().collect():
        for sample in family.samples:
            if sample.name == "lego_page_seconds_bucket":
                found.setdefault(sample.labels["page"], []).append((float(sample.labels["le"]), sample.value))
    times = [_page_time(page, sorted(buckets)) for page, buckets in found.items() if not page.startswith(NOT_PAGES)]
    return sorted((found for found in times if found.count), key=lambda found: (-found.slowest, found.page))


def _page_time(page: str, buckets: list[tuple[float, float]]) -> PageTime:
    return PageTime(page, int(buckets[-1][1]), _quantile(buckets, 0.5), _quantile(buckets, 0.95))


def _quantile(buckets: list[tuple[float, float]], part: float) -> float:
    """As Prometheus computes it: within a bucket, values are taken to lie evenly."""
    wanted, below, counted = buckets[-1][1] * part, 0.0, 0.0
    for upto, count in buckets:
        if count >= wanted and count > counted:
            if upto == float("inf"):
                return below
            return below + (upto - below) * (wanted - counted) / (count - counted)
        below, counted = upto, count
    return below


def _is_local() -> bool:
    """Whether this very machine asks. Behind proxies the address is the client's; what came through one that is
    not trusted, or through fewer than should stand in front, shows the proxy's address, and says nothing."""
    hops = current.settings().web.trusted_proxies
    told = [part for line in request.headers.getlist("X-Forwarded-For") for part in line.split(",") if part.strip()]
    is_whole = hops and len(told) >= hops
    if not is_whole and any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(current.address())
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _has_token() -> bool:
    expected = current.settings().web.metrics_token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not expected or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), expected.encode())


def _watch_statements() -> None:
    """Once for the whole process: engines come and go with generations."""
    for event, listener in (
        ("before_cursor_execute", _begin_statement), ("after_cursor_execute", _end_statement),
        ("handle_error", _fail_statement),
    ):
        if not sa.event.contains(sa.Engine, event, listener):
            sa.event.listen(sa.Engine, event, listener)


def _begin_statement(connection, cursor, statement, parameters, context, executemany) -> None:
    if has_request_context():
        connection.info["lego_statement_began"] = time.perf_counter()


def _fail_statement(context: sa.engine.ExceptionContext) -> None:
    """One that took too long for the server is told like one that took long."""
    if context.connection is not None and context.statement is not None:
        _end_statement(context.connection, None, context.statement, context.parameters, None, False)


def _end_statement(connection, cursor, statement, parameters, context, executemany) -> None:
    began = connection.info.pop("lego_statement_began", None)
    if began is None or not has_request_context():
        return
    meters, seconds = current_app.extensions.get("lego_metrics"), time.perf_counter() - began
    if meters is not None:
        meters.statement.labels(request.endpoint or NO_PAGE).observe(seconds)
        slow_statements.note(statement, parameters, seconds)


def _watch_pool(engine: sa.Engine, meters: Meters) -> None:
    pool = engine.pool
    if isinstance(pool, sa.pool.QueuePool):
        meters.pool_limit.inc(pool.size() + max(pool._max_overflow, 0))
    sa.event.listen(engine, "checkout", lambda *ignored: meters.pool.inc())
    sa.event.listen(engine, "checkin", lambda *ignored: meters.pool.dec())
