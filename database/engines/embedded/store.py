"""The embedded store, put together: a folder of files."""

from __future__ import annotations

import functools

from database.engines.embedded.build import embedded_build
from database.engines.embedded.copying import EmbeddedCopying, finish_restore
from database.engines.embedded.doors import EmbeddedDoors
from database.engines.embedded.facts import EmbeddedFacts
from database.engines.embedded.health import EmbeddedHealth
from database.engines.embedded.lock import FileLock
from database.engines.embedded.published import EmbeddedPublished
from database.engines.ports import Store
from database.engines.values import StoreTraits
from settings import Settings


def embedded_store(settings: Settings) -> Store:
    """The store in the folder that the settings name."""
    return _behind(EmbeddedDoors(settings))


def _behind(doors: EmbeddedDoors) -> Store:
    work_lock = FileLock(doors, functools.partial(finish_restore, doors))
    return Store(
        settings=doors.settings, traits=StoreTraits("embedded"), application=doors.application,
        application_reading=doors.application_reading, work_lock=work_lock, facts_room=EmbeddedFacts(doors, work_lock),
        published=EmbeddedPublished(doors, lambda: embedded_build(doors)), health=EmbeddedHealth(doors),
        copying=lambda: EmbeddedCopying(doors, work_lock, _behind),
    )
