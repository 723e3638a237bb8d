"""Finished answers are kept under everything they depend on: generation, selection, the reader's brands.

A key that holds its generation never has to be thrown away: after a publication nobody asks for it any
more, and it ages out. Values are JSON, never pickle: whoever can write into the cache can then make a
page wrong, but cannot run code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cachelib.serializers import BaseSerializer
from flask import Flask, current_app, g
from flask_caching import Cache
from flask_caching.backends import NullCache

from settings import Settings
from web.http import current, identity
from web.serving.single_flight import single_flight
from web.serving.version import build_mark

ENTRIES = 4000
"""So many answers are kept in files; beyond that the oldest go first."""

PATIENCE = 20
"""Seconds that a reader waits for an answer that another one is having made."""

REDIS_PATIENCE = 0.5
"""Seconds that Redis has to answer: a page is made in less."""

REST = 10.0
"""Seconds in which a cache that was out of order is not asked again, so that few readers wait for it."""

HELD, MADE = "held", "made"
"""How a request got its answer, as the header Server-Timing tells."""

NOTHING_KEPT = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}


class JsonSerializer(BaseSerializer):
    """JSON for cachelib's back ends. Unlike cachelib's own, it raises on a value that is none: kept
    silently as an empty file, it would be asked for again every time."""

    def dump(self, value: Any, f: Any, *ignored: Any) -> None:
        f.write(self.dumps(value))

    def load(self, f: Any) -> Any:
        return self.loads(f.read())

    def dumps(self, value: Any, *ignored: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    def loads(self, value: bytes | None) -> Any:
        """What does not read as JSON was never there."""
        try:
            return None if value is None else json.loads(value)
        except ValueError:
            return None


def cached(key_parts: Sequence[Any], produce: Callable[[], Any]) -> Any:
    """The value kept under `key_parts`, or `produce()`, which is then kept.

    `key_parts` are JSON values that say what is asked: the name of the question, the generation, the
    selection. The reader's brands and the program's own version are always added to them. The value
    must be JSON (text, numbers, lists, dicts; no Decimal, no date, not None). However many ask at once, on
    one machine it is produced once; so `produce` must not ask for another answer of the cache.
    """
    cache = _cache(current_app._get_current_object())
    key = _key(key_parts)
    value, how = _get(cache, key), HELD
    if value is None:
        with single_flight(_locks(current.settings()), key, patience=PATIENCE if _keeps(cache) else 0):
            value = _get(cache, key)
            if value is None:
                value, how = produce(), MADE
                _set(cache, key, value)
    # An answer that could not be given was neither.
    g.answered_from = how
    return value


def held(key_parts: Sequence[Any]) -> Any:
    """The value that `cached` keeps under `key_parts`; None if it has none."""
    value = _get(_cache(current_app._get_current_object()), _key(key_parts))
    if value is not None:
        g.answered_from = HELD
    return value


def cache_folder(settings: Settings) -> Path:
    """Where files are kept that can be made again at any time."""
    return settings.database.path / "cache"


def make_private(folder: Path) -> None:
    """Makes a folder inside the cache folder, and that one, readable by their owner only."""
    for made in (folder.parent.parent, folder.parent, folder):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)


def _locks(settings: Settings) -> Path:
    return cache_folder(settings) / "making"


def _keeps(cache: Cache) -> bool:
    """Without a place to keep answers in, waiting for another reader's is of no use."""
    return not isinstance(cache.cache, NullCache)


def _get(cache: Cache, key: str) -> Any:
    """A cache that is out of order slows pages down; it must not take them away."""
    if _rests():
        return None
    try:
        return cache.get(key)
    except Exception as error:
        _let_rest("not read", type(error).__name__)
        return None


def _set(cache: Cache, key: str, value: Any) -> None:
    if _rests():
        return
    try:
        if cache.set(key, value) is False:
            _let_rest("not written", "no room, or no permission")
    except (TypeError, ValueError):
        raise
    except Exception as error:
        _let_rest("not written", type(error).__name__)


def _rests() -> bool:
    return time.monotonic() < current_app.extensions.get("lego_cache_rests_until", 0)


def _let_rest(trouble: str, cause: str) -> None:
    current_app.extensions["lego_cache_rests_until"] = time.monotonic() + REST
    current_app.logger.warning("cache %s: %s; it is asked again after %d s", trouble, cause, REST)


def _key(key_parts: Sequence[Any]) -> str:
    person = identity.person()
    brands = sorted(person.brands) if person and person.brands is not None else "all"
    whole = json.dumps([build_mark(), brands, *key_parts], sort_keys=True)
    return "lego:" + hashlib.sha256(whole.encode()).hexdigest()


def _cache(app: Flask) -> Cache:
    """Opened by the first page that needs it: commands make no cache folder."""
    if "lego_cache" not in app.extensions:
        app.extensions["lego_cache"] = Cache(
            app, with_jinja2_ext=False, config=_options(current.settings())
        )
    return app.extensions["lego_cache"]


def _options(settings: Settings) -> dict[str, Any]:
    common = {
        "CACHE_DEFAULT_TIMEOUT": max(settings.cache.stale_hours, 24) * 3600,
        "CACHE_SERIALIZER": JsonSerializer,
    }
    with contextlib.suppress(OSError):
        make_private(_locks(settings))
    if settings.cache.backend == "redis":
        if importlib.util.find_spec("redis"):
            limits = {"socket_timeout": REDIS_PATIENCE, "socket_connect_timeout": REDIS_PATIENCE, "retry": None}
            return common | {
                "CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": settings.cache.url, "CACHE_OPTIONS": limits,
            }
        current_app.logger.warning("[cache] backend redis: no answers are kept; run: .venv/bin/pip install redis")
        return NOTHING_KEPT
    folder = cache_folder(settings) / "answers"
    try:
        make_private(folder)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "not writable", str(folder))
    except OSError as error:
        current_app.logger.warning("%s: no answers are kept (%s)", folder, error.strerror)
        return NOTHING_KEPT
    return common | {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(folder), "CACHE_THRESHOLD": ENTRIES}
