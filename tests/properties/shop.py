"""A shop on a real store, and the operations of a sequence on it."""

from __future__ import annotations

import datetime
import signal
from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.engines.ports import Store
from database.engines.values import Reading
from database.facts.archived import archived_months
from database.imports.files import import_file
from database.imports.overhead_batch import count_what_has_come
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import Refused
from domain.moments import utc_now
from domain.months import parse_month
from tests.facts import (
    add_brands,
    add_categories,
    add_facts,
    add_products,
    all_summary_rows,
    run_on_facts,
    spread_by,
)
from tests.faults.processes import killed_at
from tests.faults.readers import read_whole
from tests.properties.oracle import ACCOUNT_OF, ALL, COUNTED, EXCLUDED, NOBODY, REPORTING, Row, Told

CATEGORIES = ("Garden", "Küche 🍳")
BRANDS = (("Alder", 1, None), ("Birch", None, None), ("Überschuß", 2, "stock"))
PRODUCTS = (("B1", 1, None), ("B2", 1, 2), ("B3", 2, None), ("B4", None, None), ("B5", 3, None), (NOBODY, None, None))
ACCOUNTS = tuple((code, brand, None) for brand, code in ACCOUNT_OF.items())


class Shop:
    """One store under test. Ids of imports are its own; a sequence counts imports from 1."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.name = store.settings.database.engine
        self.imports: dict[int, int] = {}
        self._forget()

    def _forget(self) -> None:
        self.imports.clear()
        self.live: dict | None = None
        self.before: dict | None = None
        self.made: dict | None = None
        """What a refresh that was killed had made and not published: where nothing is live, a rollback finds it."""
        self.before_is_sure = True
        """Whether the generation before is kept for certain: a crash may have cost it."""
        self.generation = 0
        self.ended = True

    def clear(self) -> None:
        """Empties every table and forgets every generation."""
        with self.store.facts() as connection:
            for table in schema.tables_of(schema.FACTS):
                if table is not schema.marketplace:
                    connection.execute(sa.delete(table))
            connection.commit()
        self._forget()
        self.spread("none", "no")
        self._forget_generations()
        add_categories(self.store, *CATEGORIES)
        add_brands(self.store, *BRANDS)
        add_products(self.store, *PRODUCTS, *ACCOUNTS)

    def take_in(
        self, number: int, source: str, mode: str, rows: Sequence[Row], currency: str | None = None
    ) -> None:
        """Imports the rows as a file of the long format."""
        path = self.folder / f"import-{number}.csv"
        lines = ["asin,brand,marketplace,metric,month,value"]
        lines += [f'{asin},,{place},"{metric}",{month},{value}' for asin, place, metric, month, value in rows]
        self.unarchive({parse_month(month) for *_, month, _ in rows})
        # A comment keeps two files with the same rows from being the same bytes.
        path.write_text("\n".join(lines) + "\n" * number, encoding="utf-8")
        self._import(number, path, ImportOptions(source=source, mode=mode, currency=currency), "long")

    def take_in_overheads(self, number: int, rows: Sequence[Told]) -> None:
        """Imports overheads, of brands by their names."""
        path = self.folder / f"import-{number}.csv"
        lines = ["name,amount,from,to,currency,brand,marketplace"]
        lines += [
            f"{name},{amount},{first},{last},{currency or ''},{BRANDS[brand - 1][0] if brand else ''},{place or ''}"
            for name, amount, first, last, currency, brand, place in rows
        ]
        self.unarchive()
        path.write_text("\n".join(lines) + "\n" * number, encoding="utf-8")
        self._import(number, path, ImportOptions(), "overheads")

    def _import(self, number: int, path: Path, options: ImportOptions, file_format: str) -> None:
        with self.store.lock("import"):
            report = import_file(self.store, path, options, file_format=file_format)
        self.imports[number] = report.import_id

    def undo(self, number: int) -> bool:
        """Takes an import back; False if that is refused."""
        try:
            with self.store.lock("undo"):
                undo_import(self.store, self.imports[number])
        except Refused:
            return False
        return True

    def archive(self, before: str) -> None:
        """Moves the facts of older months to files; overheads stay there as they are from then on."""
        with self.store.lock("refresh"), self.store.facts() as connection:
            count_what_has_come(self.store, connection)
        archive(self.store, before=parse_month(before))

    def unarchive(self, months: Collection[datetime.date] = ()) -> None:
        """Brings those of the months back that are archived; all, if none is named."""
        chosen = [each.month for each in archived_months(self.store) if not months or each.month in months]
        if chosen:
            unarchive(self.store, chosen)

    def insert(self, rows: Sequence[Row], currency: str | None = None) -> None:
        """Inserts facts as another program would."""
        add_facts(self.store, rows, announced=False, currency=currency)

    def spread(self, by: str, overheads: str) -> None:
        """Tells by what costs of nobody are shared out, and whether overheads are."""
        self.store = spread_by(self.store, by, overheads)

    def rate(self, currency: str, month: str, rate: Decimal) -> None:
        """Tells a rate."""
        table = schema.exchange_rate
        key = {"base": REPORTING, "currency": currency, "month": parse_month(month)}
        with self.store.application.begin() as connection:
            connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in key.items())))
            connection.execute(sa.insert(table).values(
                **key, rate=f"{rate:f}", source="told", changed_by="ann", changed_at=utc_now(),
            ))

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
            self.generation = roll_back(self.store).generation
        except Refused:
            return False
        return True

    def crash(self, step: str, full: bool) -> bool:
        """A refresh that is killed at `step`; whether it came that far."""
        code = killed_at(self.store.settings, step, RefreshOptions(full=full, force=True))
        assert code in (0, Refused.exit_code, -signal.SIGKILL), (self.name, code)
        self.ended = code == 0
        return code == -signal.SIGKILL

    def has_new_generation(self) -> bool:
        """Whether another generation is live than the last time this was asked or told."""
        live = self.store.live_generation()
        return live is not None and live.generation != self.generation

    def published(self, tables: dict) -> None:
        """Takes note of what was published by now."""
        self.before, self.live, self.before_is_sure = self.live, tables, True
        self.generation = self.store.live_generation().generation

    def tables(self) -> dict[str, list[tuple]]:
        """What is live: the summary tables, and what was left out."""
        return all_summary_rows(self.store) | {
            "left out": self.store.read(_left_out), "converted": self.store.read(_converted),
        }

    def assert_whole(self) -> None:
        """Per month and metric: facts - left out = ASIN = brand by marketplace = brand ALL = category."""
        if self.live is not None and self.live[schema.summary_asin.name]:
            assert self.store.read(read_whole)[1] == "", self.name

    def assert_sources(self, rates: Collection[tuple[str, str]]) -> None:
        """What the live generation tells of imports is what the facts give that are not in files; without a rate, for
        which currency and month, an amount does not count."""
        with self.store.facts() as connection:
            found = connection.execute(_facts_by_import()).all()
            archived = set(connection.execute(sa.select(schema.archived_month.c.month)).scalars())
        wanted = []
        for *key, currency, metric, month, count, value in found:
            code = "" if currency in (None, REPORTING) or metric == COUNTED else currency
            if not code or (code, f"{month:%Y-%m}") in rates:
                wanted.append(((*key, code, metric, month), count, value))
        sums: dict[tuple, tuple[int, Decimal]] = {}
        for key, count, value in wanted:
            known = sums.get(key, (0, Decimal(0)))
            sums[key] = (known[0] + count, known[1] + value)
        told = dict(self.store.read(_sources))
        assert {key: each for key, each in told.items() if key[-1] not in archived} == sums, self.name

    def _forget_generations(self) -> None:
        generations = getattr(self.store.published, "files", None)
        if generations is not None:
            # Numbers start again at 1: what is open under them is not what will be there.
            generations.close()
            generations.pointer.unlink(missing_ok=True)
            # While none is live, those that are kept could become it.
            for number in generations.numbers():
                generations.path(number).unlink()
            self.store.published.clear_leftovers()
        else:
            with self.store.facts() as connection:
                for table in schema.tables_of(schema.PUBLISHED):
                    connection.execute(sa.delete(table))
                connection.commit()
        with self.store.application.begin() as connection:
            for table in (schema.refresh_log, schema.import_log, schema.exchange_rate):
                connection.execute(sa.delete(table))


def _converted(reading: Reading) -> list[tuple]:
    table = schema.summary_asin
    rows = reading.connection.execute(
        sa.select(table.c.asin_id, table.c.marketplace, table.c.month, table.c.metric, table.c.currency,
                  table.c.local_value).where(table.c.currency.is_not(None))
    )
    return sorted(
        (*row[:2], str(row.month), row.metric, row.currency, "" if local is None else f"{local:.2f}")
        for row in rows for local in (row.local_value,)
    )


def _facts_by_import() -> sa.Select:
    fact, product, brand = schema.financials, schema.asin, schema.brand
    keys = (
        sa.func.coalesce(fact.c.import_id, -1), fact.c.marketplace, sa.func.coalesce(product.c.brand_id, 0),
        sa.func.coalesce(product.c.category_id, brand.c.category_id, 0), fact.c.currency, fact.c.metric, fact.c.month,
    )
    return (
        sa.select(*keys, sa.func.count(), sa.func.sum(fact.c.value))
        .join_from(fact, product, product.c.id == fact.c.asin_id).outerjoin(brand, brand.c.id == product.c.brand_id)
        .where(fact.c.value.is_not(None), fact.c.marketplace != ALL,
               sa.func.coalesce(brand.c.group, "") != EXCLUDED)
        .group_by(*keys)
    )


def _sources(reading: Reading) -> list[tuple]:
    table = schema.summary_import
    rows = reading.connection.execute(sa.select(
        table.c.import_id, table.c.marketplace, table.c.brand_id, table.c.category_id, table.c.currency,
        table.c.metric, table.c.month, table.c.facts, table.c.local_value,
    ))
    return [(tuple(row[:7]), (row.facts, row.local_value)) for row in rows]


def _left_out(reading: Reading) -> list[tuple]:
    table = schema.summary_left_out
    rows = reading.connection.execute(
        sa.select(table.c.month, table.c.metric, table.c.reason, table.c.facts, table.c.value)
        .where(table.c.generation == reading.generation.generation)
    )
    return sorted((str(row.month), row.metric, row.reason, row.facts, f"{row.value:.2f}") for row in rows)
