"""Everything that knows a request: a folder per subject, a file per page.

Which pages there are, and in which order, says `database/queries/pages.py`; here every file that has a `Blueprint` is
registered, and files and API are made for every `Offer`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

from flask import Blueprint, Flask
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from settings import Settings
from web import menu
from web.exports import api, page_files
from web.figures.sheets import Offer
from web.figures.standing_notices import is_demo
from web.http import (
    access,
    addresses,
    body_size,
    compression,
    csrf,
    errors,
    headers,
    hosts,
    identity,
    kept_addresses,
    request_log,
    rules,
    sessions,
    strangers,
)
from web.serving import metrics, slow_statements, static_files


def register(app: Flask, settings: Settings) -> None:
    """Adds pages, error pages and headers to the app.

    Checks run in the order in which they are registered here: a request gets its number, a foreign
    Host is refused, then who asks and whether they may, what no page knows is taken off its address, then
    how much they may send, then whether a form is one of ours, and of files that took their time once more who asks.
    """
    if settings.web.trusted_proxies:
        # Proxies add to X-Forwarded-For one after the other; the scheme is what the last one says.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.web.trusted_proxies, x_proto=1, x_host=0)
    rules.register(app)
    request_log.register(app, settings.log)
    metrics.register(app)
    slow_statements.register(app)
    hosts.register(app)
    sessions.register(app)
    access.register(app)
    strangers.register(app)
    body_size.register(app)
    csrf.register(app)
    body_size.register_second_look(app)
    headers.register(app)
    compression.register(app)
    errors.register(app)
    static_files.register(app)
    addresses.register(app)
    kept_addresses.register(app)
    _add_pages(app)

    @app.context_processor
    def _for_every_template() -> dict:
        # A proxy, so that a page that does not ask who is there does not ask the database either.
        return {
            "app_title": settings.dashboard.title,
            "is_demo": is_demo,
            "current_user": LocalProxy(identity.person),
            "menu": menu.entries,
        }


def _add_pages(app: Flask) -> None:
    """Registers every page, and files and API for what they offer."""
    blueprints, offers = _parts()
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    page_files.register(app, offers)
    api.register(app, offers)


@functools.cache
def _parts() -> tuple[list[Blueprint], list[Offer]]:
    """The `Blueprint` of every module in these folders that has one, and its `Offer`."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(__path__, f"{__name__}.")]
    parts = [part for module in modules for part in vars(module).values()]
    return (
        [part for part in parts if isinstance(part, Blueprint)], [part for part in parts if isinstance(part, Offer)]
    )
