"""Notices to an incoming webhook: JSON in the form of Slack's, which Mattermost and others take as well."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from domain.notices import KIND_WORDS, Notice
from settings import Settings

READ = 200
"""Bytes of an answer that are looked at."""

_COLOURS = {"restated": "warning", "rule": "warning", "test": "good"}


class WebhookRefused(Exception):
    """The receiver answered, and not with a 2xx."""


def post_webhook(settings: Settings, notice: Notice, *, seconds: float) -> None:
    """Posts the notice. Raises OSError if nobody answered within `seconds`, WebhookRefused for any answer but a 2xx."""
    request = urllib.request.Request(
        settings.notices.webhook, data=json.dumps(payload(settings, notice), ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "lego-dashboard"}, method="POST",
    )
    try:
        with _opener().open(request, timeout=seconds) as answer:
            answer.read(READ)
    except urllib.error.HTTPError as error:
        said = error.read(READ).decode("utf-8", "replace")
        raise WebhookRefused(f"it answered {error.code} {error.reason}: {said}") from None
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from None


def payload(settings: Settings, notice: Notice) -> dict[str, Any]:
    """What is posted: `text` and `attachments` for people, `metadata` for programs."""
    return {
        "text": _escaped(f"[{settings.dashboard.title}] {notice.subject}"),
        "attachments": [{
            "fallback": _escaped(notice.subject),
            "color": _COLOURS.get(notice.kind, "danger"),
            "text": _escaped(notice.body),
            "fields": [
                {"title": _escaped(name), "value": _escaped(value), "short": len(value) < 40}
                for name, value in notice.facts
            ],
        }],
        "metadata": {
            "event_type": "lego_notice",
            "event_payload": {
                "key": notice.key, "kind": notice.kind, "kind_words": KIND_WORDS.get(notice.kind, notice.kind),
                "subject": notice.subject, "noted_at": f"{notice.noted_at.isoformat(timespec='seconds')}Z",
                "facts": dict(notice.facts),
            },
        },
    }


def _escaped(text: str) -> str:
    """In Slack's texts these three are control characters: a brand called <!channel> would ring everybody's bell."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _opener() -> urllib.request.OpenerDirector:
    """Knows http and https, honours the variables for proxies, and follows nobody elsewhere: a redirected POST would
    arrive as an empty GET."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener
