"""What a file said, before it becomes facts: the staged relation and the wishes that go with it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from database.imports.encodings import codec_of
from domain.errors import SetupError

REPLACE = "replace"
APPEND = "append"
WHOLE_MONTHS = "whole-months"
MODES = (REPLACE, APPEND, WHOLE_MONTHS)

JOIN = "join"
"""No file came in: names were joined (database/names/). It is written down like an import."""
DEMO = "demo"
"""The source whose facts the first real import removes."""

STAGED_COLUMNS = ("line", "asin", "brand", "category", "status", "marketplace", "metric", "month", "value")


LOCAL = "local"
"""For `--currency`: each marketplace's own."""


@dataclass(frozen=True)
class Met:
    """A name of a file that was read as another: of a brand, a metric, a marketplace …"""

    what: str
    written: str
    name: str


@dataclass(frozen=True)
class Skipped:
    """Cells or rows of the file that gave no fact, and why."""

    reason: str
    count: int


@dataclass(frozen=True)
class Staged:
    """A file read and found valid. `relation` names a TEMP table (or view) in the scratch connection:

        line BIGINT, asin VARCHAR, brand VARCHAR, category VARCHAR, status VARCHAR,
        marketplace VARCHAR, metric VARCHAR, month DATE, value DECIMAL(15,2)

    and, if any is `foreign`, `currency VARCHAR`: one of these codes, NULL for the dashboard's. One row per fact:
    product, marketplace, metric and month never NULL and never twice in one currency, value never NULL.
    `currencies` are counted one to one.
    `line`, `brand`, `category` and `status` may be NULL. `products` names a relation (asin, brand, category,
    status, n), if the format has gathered it already; `staged` then needs only the columns of a fact. `names` is a
    relation (asin, name), a row per product that the file names, if it names any. `read_as` says in a few words how the
    file was understood, `notes` what of that a person should look at.
    """

    format: str
    file_name: str
    sha256: str
    currencies: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    skipped_columns: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()
    met: tuple[Met, ...] = ()
    rows_read: int = 0
    cells_read: int = 0
    rounded: Decimal | None = None
    relation: str = "staged"
    products: str | None = None
    names: str | None = None


@dataclass(frozen=True)
class ImportOptions:
    """What the person asked for. `source` None means the format's name; `decimal` is '.' or ',', `date_order`
    'dmy' or 'mdy', `currency` a code or 'local', `sheet` the name of a workbook's sheet,
    `encoding` one of encodings.TOLD."""

    source: str | None = None
    mode: str = REPLACE
    brand: str | None = None
    update_products: bool = False
    allow_currency: tuple[str, ...] = ()
    decimal: str | None = None
    date_order: str | None = None
    marketplace: str | None = None
    currency: str | None = None
    sum_rows: bool = False
    negative_costs: bool = False
    skip_columns: tuple[str, ...] = ()
    month: datetime.date | None = None
    statuses: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    round: bool = False
    dry_run: bool = False
    sheet: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SetupError(f"{self.mode!r} is no way to import; choose one of {', '.join(MODES)}")
        if self.decimal not in (None, ".", ","):
            raise SetupError(f"--decimal {self.decimal!r}: choose . or ,")
        if self.date_order not in (None, "dmy", "mdy"):
            raise SetupError(f"--date-order {self.date_order!r}: choose dmy or mdy")
        if self.encoding is not None:
            codec_of(self.encoding)
        if self.source is not None and not 1 <= len(self.source.strip()) <= 100:
            raise SetupError("--source: give a name of 1 to 100 characters")
