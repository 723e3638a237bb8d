"""A shop on a real store, and the operations of a sequence on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from database import schema
from database.engines.base import Store
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import Refused
from tests.facts import add_brands, add_categories, add_facts, add_products, run_on_facts
from tests.properties.oracle import Row

CATEGORIES = ("Garden", "Küche 🍳")
BRANDS = (("Alder", 1, None), ("Birch", None, None), ("Überschuß", 2, "stock"))
PRODUCTS = (("B1", 1, None), ("B2", 1, 2), ("B3", 2, None), ("B4", None, None), ("B5", 3, None))


class Shop:
    """One store under test. Ids of imports are its own; a sequence counts imports from 1."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.name = store.settings.database.engine
        self.imports: dict[int, int] = {}
        self.live: dict | None = None
        self.before: dict | None = None

    def clear(self) -> None:
        """Empties every table and forgets every generation."""
        with self.store.facts() as connection:
            for table in schema.tables_of(schema.FACTS):
                if table is not schema.marketplace:
                    connection.execute(sa.delete(table))
            connection.commit()
        self.imports.clear()
        self.live = self.before = None
        self._forget_generations()
        add_categories(self.store, *CATEGORIES)
        add_brands(self.store, *BRANDS)
        add_products(self.store, *PRODUCTS)

    def take_in(self, number: int, source: str, mode: str, rows: Sequence[Row]) -> None:
        """Imports the rows as a file of the long format."""
        path = self.folder / f"import-{number}.csv"
        lines = ["asin,brand,marketplace,metric,month,value"]
        lines += [f'{asin},,{place},"{metric}",{month},{value}' for asin, place, metric, month, value in rows]
        # A comment keeps two files with the same rows from being the same bytes.
        path.write_text("\n".join(lines) + "\n" * number, encoding="utf-8")
        with self.store.lock("import"):
            report = import_file(self.store, path, ImportOptions(source=source, mode=mode), file_format="long")
        self.imports[number] = report.import_id

    def undo(self, number: int) -> bool:
        """Takes an import back; False if that is refused."""
        try:
            with self.store.lock("undo"):
                undo_import(self.store, self.imports[number])
        except Refused:
            return False
        return True

    def insert(self, rows: Sequence[Row]) -> None:
        """Inserts facts as another program would."""
        add_facts(self.store, rows, announced=False)

    def assign(self, asin: int, brand: int | None, category: int | None) -> None:
        """Moves a product."""
        table = schema.asin
        moved = sa.update(table).where(table.c.id == asin).values(brand_id=brand, category_id=category)
        run_on_facts(self.store, moved)

    def move(self, brand: int, category: int | None, group: str | None) -> None:
        """Moves a brand."""
        table = schema.brand
        run_on_facts(self.store, sa.update(table).where(table.c.id == brand).values(category_id=category, group=group))

    def refresh(self, full: bool) -> str:
        """Returns the status; 'refused' if there is nothing to show."""
        try:
            return refresh(self.store, RefreshOptions(full=full, force=True)).status
        except Refused:
            return "refused"

    def roll_back(self) -> bool:
        """False if no earlier generation is kept."""
        try:
            roll_back(self.store)
        except Refused:
            return False
        return True

    def _forget_generations(self) -> None:
        generations = getattr(self.store, "generations", None)
        if generations is not None:
            # Numbers start again at 1: what is open under them is not what will be there.
            generations.close()
            generations.pointer.unlink(missing_ok=True)
            self.store.clear_leftovers()
        else:
            with self.store.facts() as connection:
                for table in schema.tables_of(schema.PUBLISHED):
                    connection.execute(sa.delete(table))
                connection.commit()
        with self.store.application.begin() as connection:
            for table in (schema.refresh_log, schema.import_log):
                connection.execute(sa.delete(table))

