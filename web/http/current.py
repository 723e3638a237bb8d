"""What belongs to the request at hand: the store, the settings, the request's id."""

from __future__ import annotations

from flask import current_app, g, request

from database.engines.ports import Store
from jobs.commands import Caller
from settings import Settings


def store() -> Store:
    """The store of the running app."""
    return current_app.extensions["lego_store"]


def settings() -> Settings:
    """The settings of the running app."""
    return store().settings


def caller() -> Caller:
    """On whose behalf a command runs that is begun now."""
    return Caller(settings(), request_id(), current_app.logger)


def request_id() -> str:
    """The id under which the log has this request."""
    return g.get("request_id", "")


def address() -> str:
    """The reader's address: the peer's, or what the trusted proxies say."""
    return request.remote_addr or ""
