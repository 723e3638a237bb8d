"""The app on whose behalf commands are begun."""

from tests.web.conftest import app, small_app  # noqa: F401  (fixtures)
