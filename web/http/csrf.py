"""Every form carries a token that other sites cannot know; without it nothing is changed.

Templates write `<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">`; scripts send the
same token in the header X-CSRFToken.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect


def register(app: Flask) -> None:
    """Checks the token of every request that is not GET, HEAD or OPTIONS."""
    # The secret in the session ends with the session; a page left open over lunch still works.
    app.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_METHODS=["POST", "PUT", "PATCH", "DELETE"])
    CSRFProtect(app)
