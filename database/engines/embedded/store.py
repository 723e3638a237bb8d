"""The embedded store: its doors, and what is built, copied and examined through them."""

from __future__ import annotations

import contextlib

from database.engines.build import Build
from database.engines.ddl import embedded_form
from database.engines.embedded.build import embedded_build
from database.engines.embedded.copying import RESTORING, EmbeddedCopying, finish_restore
from database.engines.embedded.doors import EmbeddedDoors
from database.engines.embedded.health import EmbeddedHealth
from database.engines.embedded.upgrade import complete_generations
from database.engines.health import Health
from database.engines.ports import Copying


class EmbeddedStore(EmbeddedDoors):
    """A folder of files."""

    def build(self) -> contextlib.AbstractContextManager[Build]:
        return embedded_build(self)

    def complete_published(self) -> list[str]:
        return complete_generations(self.generations, embedded_form, self._facts_engine.dialect)

    def copying(self) -> Copying:
        return EmbeddedCopying(self)

    def health(self) -> Health:
        return EmbeddedHealth(self)

    def settle_restore(self) -> None:
        if (self.folder / RESTORING).is_dir():
            finish_restore(self)
