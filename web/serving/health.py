"""/healthz: this process answers. /readyz: it has what pages need: figures to read, a database to write sessions to."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, current_app

from database import migrations
from domain.errors import LegoError
from web.http import current
from web.http.access import open_to_everybody

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@open_to_everybody
def healthz() -> Response:
    """Touches nothing."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/readyz")
@open_to_everybody
def readyz() -> Response:
    """Summaries that were never built count as ready: they are built while the app serves."""
    try:
        migrations.check_served(current.store())
        current.store().check_pages()
    except (LegoError, sa.exc.SQLAlchemyError) as error:
        current_app.logger.warning("not ready: %s", str(error).splitlines()[0])
        return Response("unavailable\n", 503, mimetype="text/plain", headers={"Retry-After": "5"})
    return Response("ready\n", mimetype="text/plain")
