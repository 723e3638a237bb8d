"""Everything that knows a request; one file per page."""

from __future__ import annotations

from flask import Flask

from settings import Settings


def register(app: Flask, settings: Settings) -> None:
    """Adds pages, error pages and headers to the app."""
