"""Every table, in three rooms.

`facts`       what was imported and what it is about; written by commands only.
`published`   the summaries of one generation; what pages read.
`application` people, sessions, logs; read and written by web processes at any time.

On MariaDB all rooms are one schema. Embedded, they are three kinds of file: the facts file (DuckDB),
one file per generation (DuckDB, read-only once published), and SQLite.

Money is DECIMAL(15,2), sums DECIMAL(25,2). Text compares byte for byte and counts trailing spaces.
Primary keys and indexes of facts and summaries exist on MariaDB only: in DuckDB a rollup index made
loading eight times slower and helps no query. No foreign keys touch a summary table: after a swap
they would follow the old table.
"""

from __future__ import annotations

import functools

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

FACTS = "facts"
PUBLISHED = "published"
APPLICATION = "application"

UNCATEGORISED = 0
UNASSIGNED = 0
"""The category and brand id of what is not sorted in yet; no row of `category` or `brand` has it."""

EXCLUDED = -1
"""Stands in a placement set for the brand of a product whose group is left out."""

ALL_MARKETPLACES = "ALL"

metadata = sa.MetaData()

_TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}

Id = sa.Integer
LongId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Money = sa.Numeric(15, 2)
Sum = sa.Numeric(25, 2)
Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
"""UTC, without a zone in the column: every process writes and reads UTC."""
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")


def _table(name: str, room: str, *parts, bulk: bool = False) -> sa.Table:
    """`bulk` marks the large tables, whose keys and indexes DuckDB does without."""
    return sa.Table(name, metadata, *parts, info={"room": room, "bulk": bulk}, **_TABLE_OPTIONS)


# --- facts -----------------------------------------------------------------------------------------

category = _table(
    "category", FACTS,
    sa.Column("id", Id, primary_key=True),
    sa.Column("category", sa.String(255), nullable=False, unique=True),
    sa.Column("created_at", Moment),
    sa.Column("import_id", Id),
)

brand = _table(
    "brand", FACTS,
    sa.Column("id", Id, primary_key=True),
    sa.Column("brand", sa.String(255), nullable=False, unique=True),
    sa.Column("category_id", Id),
    sa.Column("group", sa.String(100)),
    sa.Column("created_at", Moment),
    sa.Column("import_id", Id),
)

asin = _table(
    "asin", FACTS,
    sa.Column("id", Id, primary_key=True),
    sa.Column("asin", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(255)),
    sa.Column("brand_id", Id),
    sa.Column("category_id", Id),
    sa.Column("status", sa.String(50)),
    sa.Column("created_at", Moment),
    sa.Column("import_id", Id),
)

marketplace = _table(
    "marketplace", FACTS,
    sa.Column("code", sa.String(10), primary_key=True),
    sa.Column("country_name", sa.String(100)),
    sa.Column("currency", sa.String(3)),
    sa.Column("active", sa.Boolean, nullable=False, default=True, server_default=sa.text("1")),
)

financials = _table(
    "financials", FACTS,
    sa.Column("id", sa.BigInteger, nullable=False, autoincrement=True),
    sa.Column("asin_id", Id),
    sa.Column("marketplace", sa.String(10)),
    sa.Column("metric", sa.String(100)),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("value", Money),
    sa.Column("import_id", Id),
    sa.Column("created_at", Moment),
    sa.Column("currency", sa.String(3), comment="none: the reporting currency, [dashboard] currency"),
    sa.PrimaryKeyConstraint("id", "month"),
    sa.Index("ix_financials_rollup", "month", "metric", "marketplace", "asin_id", "value"),
    bulk=True,
)
ROLLUP_INDEX = ("month", "metric", "marketplace", "asin_id", "value")
"""Covers the rollup: the server streams groups in index order and builds no temporary table."""

financials_currency = _table(
    "financials_currency", FACTS,
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.PrimaryKeyConstraint("month", "currency"),
)
"""Which currencies facts of a month name, so that months that name none need not be asked. Written with the facts; what
other programs insert is found by its ids. A refresh takes away what no fact names any more."""

financials_import = _table(
    "financials_import", FACTS,
    sa.Column("id", Id, primary_key=True),
    sa.Column("source", sa.String(100), nullable=False),
    sa.Column("format", sa.String(20), nullable=False),
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("mode", sa.String(20), nullable=False, comment="replace, append, whole-months or join"),
    sa.Column("status", sa.String(20), nullable=False, comment="done, undone or removed (demo)"),
    sa.Column(
        "currencies", sa.String(255), nullable=False, comment="codes the file names, counted one to one; commas between"
    ),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("value", Sum, nullable=False, comment="sum of the facts imported, all metrics; 0 if value_currency is *"),
    sa.Column("replaced_facts", sa.BigInteger, nullable=False),
    sa.Column("first_fact_id", sa.BigInteger),
    sa.Column("last_fact_id", sa.BigInteger),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("undone_at", Moment),
    sa.Column("value_currency", sa.String(3), comment="of value: none or '' for the reporting currency, * for several"),
)
"""One row per imported file, in the same transaction as its facts. Ids of facts are never used twice."""

financials_replaced = _table(
    "financials_replaced", FACTS,
    sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("asin_id", Id),
    sa.Column("marketplace", sa.String(10)),
    sa.Column("metric", sa.String(100)),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("value", Money),
    sa.Column("import_id", Id),
    sa.Column("created_at", Moment),
    sa.Column("replaced_by", Id, nullable=False),
    sa.Column("currency", sa.String(3)),
    sa.PrimaryKeyConstraint("replaced_by", "id", "month"),
    bulk=True,
)
"""Facts that the import `replaced_by` took out: what undoing it puts back. Under the id of a join of names: facts
as they were named before; those themselves are elsewhere, under their new name."""

name_join = _table(
    "name_join", FACTS,
    sa.Column("import_id", Id, primary_key=True, autoincrement=False, comment="its row of financials_import"),
    sa.Column("kind", sa.String(20), nullable=False, comment="brand, category, metric, marketplace or product"),
    sa.Column("old_name", sa.String(255), nullable=False),
    sa.Column("new_name", sa.String(255), nullable=False),
    sa.Column("old_id", Id, comment="of the row that went, where names of the kind have ids"),
    sa.Column("new_id", Id),
    sa.Column("kept", LongText, nullable=False, comment="JSON: the row that went, and what was moved from it"),
)
"""Names that were joined. The facts it renamed stand in `financials_replaced`, under its import's id, as they were."""

changed_month = _table(
    "changed_month", FACTS,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("cause", sa.String(20), nullable=False, comment="import, undo, demo, archive or unarchive"),
    sa.Column("import_id", Id),
    sa.Column("created_at", Moment, nullable=False),
)
"""The ledger: months whose facts changed. A generation names the last entry it includes; later entries
are what the next refresh has to do. Nothing is ever ticked off, so no crash can lose an entry."""

archived_month = _table(
    "archived_month", FACTS,
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("file", sa.String(1000), nullable=False, comment="the Parquet file that holds its facts"),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("value", Sum, nullable=False, comment="sum of its facts, all metrics"),
    sa.Column("replaced_facts", sa.BigInteger, nullable=False, comment="of financials_replaced, in the same file"),
    sa.Column("last_fact_id", sa.BigInteger, nullable=False),
    sa.Column("archived_at", Moment, nullable=False),
    sa.Column(
        "sums", sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql"), nullable=False,
        comment="what stands for its facts in a refresh: rows of archived_sum, as a Parquet file",
    ),
)
"""Months whose facts were moved to files."""

archived_sum = _table(
    "archived_sum", FACTS,
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False, comment="'' for none"),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="'' for none"),
    sa.Column("asin_id", Id, nullable=False, comment="0 for none"),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("valued", sa.BigInteger, nullable=False, comment="those with a value"),
    sa.Column("value", Sum, comment="none if no fact has a value"),
    sa.Column("last_fact_id", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False, comment="'' for the reporting currency"),
    sa.Column("derived", sa.SmallInteger, nullable=False, autoincrement=False, comment="1 if they follow from lines"),
    sa.PrimaryKeyConstraint("month", "metric", "marketplace", "asin_id", "currency", "derived"),
    bulk=True,
)
"""Archived facts, summed up as far as any table of a generation needs them: a month can be built anew from it, exactly,
wherever its products belong by then. Filled while a refresh builds such months, else empty."""

amazon_line = _table(
    "amazon_line", FACTS,
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("line", Id, nullable=False, autoincrement=False, comment="of the file, from 1"),
    sa.Column("part", sa.SmallInteger, nullable=False, autoincrement=False, comment="which amount of the line, from 1"),
    sa.Column("report", sa.String(30), nullable=False, comment="the format, such as amazon-settlement"),
    sa.Column("identity", sa.String(150), nullable=False, comment="lines of one identity replace each other"),
    sa.Column("version", sa.BigInteger, nullable=False, comment="of the identity's state; the highest counts"),
    sa.Column("counts", sa.Boolean, nullable=False, comment="false: another import tells of the same, later"),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False, comment="by the marketplace's own clock"),
    sa.Column("day", sa.Date, nullable=False, comment="by the marketplace's own clock"),
    sa.Column("happened", sa.String(40), nullable=False, comment="the moment as it is written"),
    sa.Column("order_id", sa.String(64)),
    sa.Column("sku", sa.String(100)),
    sa.Column("asin", sa.String(64), comment="where the report names it; else the SKU leads to it"),
    sa.Column("kind_id", Id, nullable=False),
    sa.Column("quantity", sa.BigInteger),
    sa.Column("amount", sa.Numeric(21, 6), nullable=False, comment="with Amazon's sign"),
    sa.Column("currency", sa.String(3)),
    sa.PrimaryKeyConstraint("import_id", "line", "part"),
    sa.Index("ix_amazon_line_identity", "identity", "report"),
    sa.Index("ix_amazon_line_month", "marketplace", "month", "report"),
    bulk=True,
)
"""Lines of Amazon's reports as they stood, an amount each, and nothing of a buyer. Facts come from those that count."""

amazon_kind = _table(
    "amazon_kind", FACTS,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("report", sa.String(30), nullable=False),
    sa.Column("transaction_type", sa.String(120), nullable=False),
    sa.Column("amount_type", sa.String(120), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("place", sa.String(100), nullable=False, comment="a metric, or tax, cash or nothing"),
)
"""What the amounts of lines are called, each name once, and where they belong (domain/settlements.py)."""

amazon_posting = _table(
    "amazon_posting", FACTS,
    sa.Column("kind_id", Id, nullable=False, autoincrement=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("sign", sa.SmallInteger, nullable=False, comment="1, or -1: what the figure is multiplied with"),
    sa.Column("of_quantity", sa.Boolean, nullable=False, comment="of the line's quantity, not of its amount"),
    sa.Column("tax_in_price", sa.Boolean, nullable=False, comment="only where prices include tax"),
    sa.Column("lump", sa.String(20), nullable=False, comment="what another report tells by product; or ''"),
    sa.PrimaryKeyConstraint("kind_id", "metric"),
)
"""Which metrics the lines of a kind go into. One that goes nowhere is tax, cash, cancelled or waiting."""

amazon_told = _table(
    "amazon_told", FACTS,
    sa.Column("kind_id", Id, nullable=False, autoincrement=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False, comment="under which it can be undone"),
    sa.Column("place", sa.String(100), nullable=False),
    sa.PrimaryKeyConstraint("kind_id", "import_id"),
)
"""Where people said that kinds belong which no rule knows; the last word counts."""

amazon_word = _table(
    "amazon_word", FACTS,
    sa.Column("report", sa.String(30), nullable=False),
    sa.Column("about", sa.String(10), nullable=False, comment="status or column"),
    sa.Column("word", sa.String(120), nullable=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False, comment="with which it is undone"),
    sa.Column("meaning", sa.String(120), nullable=False),
    sa.PrimaryKeyConstraint("report", "about", "word", "import_id"),
)
"""What people said, with a file, that words of a report mean: later files are read so, too. The last word counts."""

amazon_setting = _table(
    "amazon_setting", FACTS,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(40), nullable=False),
)
"""The settings by which facts were derived from lines; under others they are derived anew."""

amazon_one_to_one = _table(
    "amazon_one_to_one", FACTS,
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.PrimaryKeyConstraint("import_id", "currency"),
)
"""The currencies whose amounts count as the reporting one, in lines of an import: somebody allowed it with the file."""

amazon_settlement = _table(
    "amazon_settlement", FACTS,
    sa.Column("settlement_id", sa.String(40), nullable=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="of most of its lines"),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("deposited_at", Moment, nullable=False),
    sa.Column("total", Sum, nullable=False, comment="what was paid out: the sum of its lines"),
    sa.Column("line_count", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("settlement_id", "import_id"),
)
"""Settlements as their first line tells them; that of the latest import counts."""

sku_asin = _table(
    "sku_asin", FACTS,
    sa.Column("sku", sa.String(100), nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="'' for all"),
    sa.Column("import_id", Id, nullable=False, autoincrement=False, comment="0: a person said so"),
    sa.Column("asin", sa.String(64), nullable=False),
    sa.Column("learned_at", Moment, nullable=False),
    sa.PrimaryKeyConstraint("sku", "marketplace", "import_id"),
)
"""Which product an SKU is, as each import told it; what was learned last counts."""

told_name = _table(
    "told_name", FACTS,
    sa.Column("asin", sa.String(64), nullable=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("report", sa.String(30), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.PrimaryKeyConstraint("asin", "import_id"),
)
"""What reports of lines call a product, which may not be there yet: a name for it where it has none."""

unit_cost = _table(
    "unit_cost", FACTS,
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("line", Id, nullable=False, autoincrement=False),
    sa.Column("asin", sa.String(64)),
    sa.Column("sku", sa.String(100), comment="where no ASIN is named"),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="'' for all"),
    sa.Column("valid_from", sa.Date, nullable=False, comment="a month"),
    sa.Column("cost", sa.Numeric(19, 4), nullable=False),
    sa.Column("currency", sa.String(3)),
    sa.PrimaryKeyConstraint("import_id", "line"),
)
"""What a piece of a product costs, from a month on; the marketplace's own goes before the general one, and of two for
the same month the later import."""

overhead = _table(
    "overhead", FACTS,
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("line", Id, nullable=False, autoincrement=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("brand_id", Id, nullable=False, comment="0: nobody's"),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="NONE: of none"),
    sa.Column("first_month", sa.Date, nullable=False),
    sa.Column("last_month", sa.Date, nullable=False),
    sa.Column("amount", Money, nullable=False, comment="per month; 0 takes back what was told before"),
    sa.Column("currency", sa.String(3), comment="none: the reporting currency"),
    sa.PrimaryKeyConstraint("import_id", "line"),
)
"""Costs that no sale causes, from a month to a month. Of one name, brand, marketplace and first month the later import
counts; facts follow, in the months that have come."""

derived_fact = _table(
    "derived_fact", FACTS,
    sa.Column("asin", sa.String(110), nullable=False),
    sa.Column("asin_id", Id),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("value", Money, nullable=False),
    sa.Column("currency", sa.String(3)),
    sa.Index("ix_derived_fact_asin", "asin"),
    sa.Index("ix_derived_fact_cell", "asin_id", "month", "metric", "marketplace"),
    bulk=True,
)
"""Facts as lines give them, while they are held against those that are there; else empty."""

DERIVED = 0
"""The import of facts that were derived from lines: no import has this number."""

NO_IMPORT = -1
"""Stands for the import of facts that other programs inserted."""

ARCHIVED_IMPORT = -2
"""Stands for the imports of archived facts where it was never noted, or is not known any more, which gave what."""

import_sum = _table(
    "import_sum", FACTS,
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False, comment="0, -1, -2: see DERIVED and NO_IMPORT"),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("brand_id", Id, nullable=False, comment="of the product, 0 for none"),
    sa.Column("category_id", Id, nullable=False, comment="the product's own, 0 for none"),
    sa.Column("currency", sa.String(3), nullable=False, comment="'' for the reporting currency"),
    sa.Column("step", sa.BigInteger, nullable=False, autoincrement=False, comment="which change of facts told it"),
    sa.Column("facts", sa.BigInteger, nullable=False, comment="with a value; below 0 where they were taken out"),
    sa.Column("value", Sum, nullable=False),
    sa.PrimaryKeyConstraint(
        "month", "import_id", "metric", "marketplace", "brand_id", "category_id", "currency", "step"
    ),
    bulk=True,
)
"""What each import gave, noted by whatever changes facts, in the same transaction: rows of one key add up, over all
steps. So a refresh need not read facts for it."""

import_sum_state = _table(
    "import_sum_state", FACTS,
    sa.Column("about", sa.String(10), primary_key=True, comment="a month (2024-01), or earlier, or catalogue"),
    sa.Column("is_stale", sa.Boolean, nullable=False),
)
"""Where `import_sum` cannot be taken at its word; what is not named here can. See database/facts/import_sums.py."""

# --- published -------------------------------------------------------------------------------------

summary_asin = _table(
    "financials_summary_monthly_asin_marketplace", PUBLISHED,
    sa.Column("asin_id", Id, nullable=False),
    sa.Column("brand_id", Id, nullable=False),
    sa.Column("category_id", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("value", Sum, nullable=False),
    sa.Column("updated_at", Moment),
    sa.Column("currency", sa.String(3), comment="what it was converted from: a code, or * for several"),
    sa.Column("local_value", Sum, comment="in that currency, if it is one"),
    sa.PrimaryKeyConstraint("month", "metric", "marketplace", "asin_id"),
    sa.Index("ix_asin_brand", "brand_id", "marketplace", "month", "metric"),
    sa.Index("ix_asin_category", "category_id", "marketplace", "month", "metric"),
    # Covers what a row of the products page and a product's own page read: one stretch of it per product
    # and metric, and no look at the table. Every column counts: without the value the server fetched
    # 10,000 rows of the table for 50 products.
    sa.Index(
        "ix_asin_product", "asin_id", "metric", "month", "marketplace", "value", "brand_id", "category_id",
    ),
    bulk=True,
)

summary_brand = _table(
    "financials_summary_monthly_brand", PUBLISHED,
    sa.Column("brand_id", Id, nullable=False),
    sa.Column("category_id", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("total_value", Sum, nullable=False),
    sa.Column("asin_count", Id, nullable=False),
    sa.Column("updated_at", Moment),
    sa.PrimaryKeyConstraint("month", "metric", "marketplace", "category_id", "brand_id"),
    sa.Index("ix_brand_brand", "brand_id", "metric", "month"),
    sa.Index("ix_brand_category", "category_id", "metric", "month"),
    sa.Index("ix_brand_marketplace", "marketplace"),
    bulk=True,
)

summary_category = _table(
    "financials_summary_monthly_category", PUBLISHED,
    sa.Column("category_id", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("total_value", Sum, nullable=False),
    sa.Column("brand_count", Id, nullable=False),
    sa.Column("asin_count", Id, nullable=False),
    sa.Column("updated_at", Moment),
    sa.PrimaryKeyConstraint("month", "metric", "category_id"),
    sa.Index("ix_category_category", "category_id", "metric", "month"),
    bulk=True,
)

summary_marketplace = _table(
    "financials_summary_monthly_marketplace", PUBLISHED,
    sa.Column("category_id", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("total_value", Sum, nullable=False),
    sa.Column("brand_count", Id, nullable=False),
    sa.Column("asin_count", Id, nullable=False),
    sa.Column("updated_at", Moment),
    # No other index: it is small, and pages ask for months and metrics.
    sa.PrimaryKeyConstraint("month", "metric", "marketplace", "category_id"),
    bulk=True,
)
"""All brands together, by category and marketplace. It follows from the brand level (engines/marketplace_level.py);
without it a breakdown by marketplace reads the rows of every brand."""

summary_import = _table(
    "financials_summary_monthly_import", PUBLISHED,
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("category_id", Id, nullable=False),
    sa.Column("brand_id", Id, nullable=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False, comment="as in import_sum"),
    sa.Column("currency", sa.String(3), nullable=False, comment="what it was converted from, '' for nothing"),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("value", Sum, nullable=False, comment="in the reporting currency"),
    sa.Column("local_value", Sum, nullable=False, comment="in its own"),
    sa.PrimaryKeyConstraint("month", "metric", "marketplace", "category_id", "brand_id", "import_id", "currency"),
    bulk=True,
)
"""Which import gave how much of the brand level's rows by marketplace, before costs of nobody are shared out. A month
that has none is one of which it is not known."""

DIMENSIONS = (category, brand, asin, marketplace)
"""What facts are about. Embedded, each generation holds them as they were."""

LEVELS = (summary_asin, summary_brand, summary_category, summary_marketplace)

SUMMARIES = (*LEVELS, summary_import)

summary_generation = _table(
    "summary_generation", PUBLISHED,
    sa.Column("generation", Id, primary_key=True, autoincrement=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("previous", Id, comment="the generation that was live before it"),
    sa.Column("run_id", sa.String(36), nullable=False),
    sa.Column("refresh_type", sa.String(20), nullable=False),
    sa.Column("published_at", Moment, nullable=False),
    sa.Column("months", LongText, nullable=False, comment="rebuilt months, YYYY-MM, commas between"),
    sa.Column("first_month", sa.Date),
    sa.Column("last_month", sa.Date),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("left_out_facts", sa.BigInteger, nullable=False),
    sa.Column("ledger_id", sa.BigInteger, nullable=False, comment="last changed_month entry included"),
    sa.Column("last_fact_id", sa.BigInteger, nullable=False, comment="high-water mark of financials.id"),
    sa.Column("recent_facts", Id, nullable=False, comment="facts among the last ids below that mark"),
    sa.Column("placement", Id, nullable=False, comment="the placement set it was built with"),
    sa.Column("currencies", sa.String(255), nullable=False, comment="currencies that its sums mix"),
    sa.Column("excluded_groups", LongText, nullable=False, comment="brand groups left out, commas between"),
    sa.Column("in_place", sa.Boolean, nullable=False, comment="whether it replaced months of the one before"),
    sa.Column("spread", sa.String(20), comment="by what nobody's costs are shared out; none if they are not"),
)
"""The generations that are kept; exactly one is live. It is swapped, or written, together with the
summary tables, so a reader that reads it first in one snapshot knows which state it sees."""

summary_month = _table(
    "summary_month", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("value", Sum, nullable=False),
    sa.Column("last_fact_id", sa.BigInteger, nullable=False),
    sa.Column("left_out_facts", sa.BigInteger, nullable=False),
    sa.Column("left_out_value", Sum, nullable=False),
    sa.PrimaryKeyConstraint("generation", "month", "metric"),
    bulk=True,
)
"""Fingerprint of the facts a generation was built from: per month and metric ('' for none), all facts,
their sum, and how much of that was left out."""

summary_left_out = _table(
    "summary_left_out", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("reason", sa.String(50), nullable=False),
    sa.Column("facts", sa.BigInteger, nullable=False),
    sa.Column("value", Sum, nullable=False),
    sa.PrimaryKeyConstraint("generation", "month", "metric", "reason"),
    bulk=True,
)
"""Facts that could not be placed or were excluded, by reason; months without a date are `NO_MONTH`."""

summary_rate = _table(
    "summary_rate", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("base", sa.String(3), nullable=False, comment="the reporting currency"),
    sa.Column("rate", sa.Numeric(20, 10), comment="what one unit is in it; none if nobody told"),
    sa.PrimaryKeyConstraint("generation", "month", "currency"),
    bulk=True,
)
"""The currencies that facts of a month are in beside the reporting one, and the rates they were converted at."""

summary_restated = _table(
    "summary_restated", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("brand_id", Id, nullable=False, comment="-1 for all brands together"),
    sa.Column("old_value", Sum, nullable=False),
    sa.Column("new_value", Sum, nullable=False),
    sa.Column("published_at", Moment, nullable=False),
    sa.Column("cause", sa.String(255), nullable=False),
    sa.PrimaryKeyConstraint("generation", "month", "metric", "brand_id"),
    bulk=True,
)
"""What each generation changed in months that were complete when they were published before."""

ALL_BRANDS = -1
"""Stands for all brands together where a brand id is part of a key."""

summary_placement = _table(
    "summary_placement", PUBLISHED,
    sa.Column("placement", Id, nullable=False),
    sa.Column("asin_id", Id, nullable=False),
    sa.Column("brand_id", Id, nullable=False),
    sa.Column("category_id", Id, nullable=False),
    sa.PrimaryKeyConstraint("placement", "asin_id"),
    bulk=True,
)
"""Where each product stood when a generation was built: brand and category, 0 for none, the brand EXCLUDED for a
product of an excluded group. The difference to today's tables is what moved since."""

summary_amount = _table(
    "summary_amount", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("report", sa.String(30), nullable=False),
    sa.Column("settlement_id", sa.String(40), nullable=False, comment="'' for lines of other reports"),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("kind_id", Id, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False, comment="'' for none"),
    sa.Column("line_count", sa.BigInteger, nullable=False),
    sa.Column("amount", Sum, nullable=False, comment="with Amazon's sign"),
    sa.PrimaryKeyConstraint("generation", "report", "settlement_id", "marketplace", "month", "kind_id", "currency"),
    bulk=True,
)
"""Lines of payments that count, added up: what a settlement's page shows, and what is not sorted yet."""

summary_kind = _table(
    "summary_kind", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("kind_id", Id, nullable=False),
    sa.Column("report", sa.String(30), nullable=False),
    sa.Column("transaction_type", sa.String(120), nullable=False),
    sa.Column("amount_type", sa.String(120), nullable=False),
    sa.Column("description", sa.String(255), nullable=False),
    sa.Column("place", sa.String(100), nullable=False, comment="a metric, or tax, cash or nothing"),
    sa.Column("is_told", sa.Boolean, nullable=False, comment="a person said so"),
    sa.PrimaryKeyConstraint("generation", "kind_id"),
    bulk=True,
)
"""What the amounts of `summary_amount` are called, and where they belong."""

summary_settlement = _table(
    "summary_settlement", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("settlement_id", sa.String(40), nullable=False),
    sa.Column("import_id", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("deposited_at", Moment, nullable=False),
    sa.Column("total", Sum, nullable=False, comment="what was paid out"),
    sa.Column("pnl", Sum, nullable=False),
    sa.Column("tax", Sum, nullable=False),
    sa.Column("cash", Sum, nullable=False),
    sa.Column("unsorted", Sum, nullable=False),
    sa.Column("line_count", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("generation", "settlement_id"),
    bulk=True,
)
"""Deposits, each with the four sums that make it."""

summary_report = _table(
    "summary_report", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("report", sa.String(30), nullable=False),
    sa.Column("metric", sa.String(100), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False, comment="'' for none"),
    sa.Column("counts", sa.Boolean, nullable=False, comment="false: set aside, another report gives the metric there"),
    sa.Column("line_count", sa.BigInteger, nullable=False),
    sa.Column("value", Sum, nullable=False),
    sa.PrimaryKeyConstraint("generation", "marketplace", "month", "report", "metric", "currency"),
    bulk=True,
)
"""What each report tells of a marketplace and month, and whether it counts there."""

summary_unknown_sku = _table(
    "summary_unknown_sku", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("sku", sa.String(100), nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("line_count", sa.BigInteger, nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.PrimaryKeyConstraint("generation", "sku", "marketplace"),
    bulk=True,
)
"""SKUs of lines that count which lead to no ASIN yet: their figures stand under a product SKU-<sku>."""

summary_bridge = _table(
    "summary_bridge", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    *(sa.Column(name, Sum, nullable=False) for name in (
        "ordered", "cancelled", "not_yet_paid", "tax", "earlier", "unknown", "refunds", "promotions", "unexplained",
        "paid",
    )),
    sa.PrimaryKeyConstraint("generation", "marketplace", "month"),
    bulk=True,
)
"""From what was ordered to what was paid, where both are known; steps that are taken off are negative
(domain/bridge.py)."""

LINE_SUMMARIES = (
    summary_amount, summary_kind, summary_settlement, summary_report, summary_unknown_sku, summary_bridge,
)
"""What a generation tells of lines. All are empty where there are none."""

summary_uncosted = _table(
    "summary_uncosted", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("asin_id", Id, nullable=False),
    sa.Column("brand_id", Id, nullable=False),
    sa.Column("category_id", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("revenue", Sum, nullable=False, comment="net revenue there"),
    sa.PrimaryKeyConstraint("generation", "month", "marketplace", "asin_id"),
    bulk=True,
)
"""Net revenue of which nobody knows what the goods cost: no figure of Net COGS, and no unit cost that is valid there.
Empty where there are neither lines nor unit costs."""

summary_unit_cost = _table(
    "summary_unit_cost", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("asin_id", Id, nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="'' for all"),
    sa.Column("valid_from", sa.Date, nullable=False, comment="a month"),
    sa.Column("cost", sa.Numeric(19, 4), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False, comment="'' for that of the marketplace"),
    sa.Column("import_id", Id, nullable=False),
    sa.PrimaryKeyConstraint("generation", "asin_id", "marketplace", "valid_from"),
    bulk=True,
)
"""What a piece of each product costs, as the last import told it."""

summary_overhead = _table(
    "summary_overhead", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("import_id", Id, nullable=False, autoincrement=False),
    sa.Column("line", Id, nullable=False, autoincrement=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("brand_id", Id, nullable=False, comment="0: nobody's"),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="NONE: of none"),
    sa.Column("first_month", sa.Date, nullable=False),
    sa.Column("last_month", sa.Date, nullable=False),
    sa.Column("amount", Money, nullable=False, comment="per month; 0 takes back what was told before"),
    sa.Column("currency", sa.String(3), comment="none: the reporting currency"),
    sa.PrimaryKeyConstraint("generation", "import_id", "line"),
    bulk=True,
)
"""The overheads that count."""

COST_SUMMARIES = (summary_uncosted, summary_unit_cost)
"""What a generation tells of unit costs."""

summary_sku = _table(
    "summary_sku", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("sku", sa.String(100), nullable=False),
    sa.Column("marketplace", sa.String(10), nullable=False, comment="'' for all"),
    sa.Column("asin_id", Id, nullable=False),
    sa.PrimaryKeyConstraint("generation", "sku", "marketplace"),
    bulk=True,
)
"""Which product an SKU is, as it was learned last: what a search for an SKU looks into."""

summary_day = _table(
    "summary_day", PUBLISHED,
    sa.Column("generation", Id, nullable=False),
    sa.Column("month", sa.Date, nullable=False),
    sa.Column("day", sa.Date, nullable=False, comment="by the marketplace's own clock"),
    sa.Column("marketplace", sa.String(10), nullable=False),
    sa.Column("brand_id", Id, nullable=False),
    sa.Column("category_id", Id, nullable=False),
    sa.Column("net_revenue", Sum, comment="what the day added to the month's figure, converted as that is"),
    sa.Column("net_units", Sum),
    sa.PrimaryKeyConstraint("generation", "brand_id", "category_id", "marketplace", "day"),
    sa.Index("ix_summary_day_month", "generation", "month", "marketplace", "day"),
    bulk=True,
)
"""What lines of Amazon's reports give day by day, of the last months: the days of a month are its figure, wherever it
follows from lines alone (database/summaries/days.py). The last day that lines reach has a row, though nothing was sold
on it: of brand and category 0, with no figure."""

TOLD = (*COST_SUMMARIES, summary_overhead, summary_sku, summary_day)
"""What a generation tells that people or reports told beside figures."""

# --- application -----------------------------------------------------------------------------------

refresh_log = _table(
    "refresh_log", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(36), nullable=False, index=True),
    sa.Column("stage", sa.String(50), nullable=False),
    sa.Column("table_name", sa.String(100)),
    sa.Column("refresh_type", sa.String(20), nullable=False),
    sa.Column("started_at", Moment, nullable=False, index=True),
    sa.Column("ended_at", Moment),
    sa.Column("duration_seconds", sa.Numeric(12, 3)),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("rows_read", sa.BigInteger),
    sa.Column("rows_written", sa.BigInteger),
    sa.Column("months", LongText),
    sa.Column("generation", Id),
    sa.Column("error_message", LongText),
    sa.Column("host", sa.String(255)),
    sa.Column("pid", Id),
)

exchange_rate = _table(
    "exchange_rate", APPLICATION,
    sa.Column("base", sa.String(3), primary_key=True, comment="the reporting currency it was told for"),
    sa.Column("currency", sa.String(3), primary_key=True),
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("rate", sa.String(24), nullable=False, comment="what one unit is in the base: a decimal, ten places"),
    sa.Column("source", sa.String(255), nullable=False, comment="the file, or a person's word"),
    sa.Column("changed_by", sa.String(255), nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
)
"""Rates of months, as files and people told them last. A text: SQLite would keep a number as a float."""

work_lock = _table(
    "work_lock", APPLICATION,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("purpose", sa.String(100), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", Id, nullable=False),
    sa.Column("process_start", sa.String(30), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("connections", LongText, nullable=False, comment="server connection ids, commas between"),
)
"""Who holds the lock of imports and refreshes. The lock itself is the server's or the file system's; this
row is for people, and for whoever clears up after a holder that died."""

stored_size = _table(
    "stored_size", APPLICATION,
    sa.Column("run_id", sa.String(36), primary_key=True),
    sa.Column("part", sa.String(100), primary_key=True, comment="a table, or a file that holds several"),
    sa.Column("kind", sa.String(20), nullable=False, comment="facts, summaries or other"),
    sa.Column("recorded_at", Moment, nullable=False, index=True),
    sa.Column("row_count", sa.BigInteger),
    sa.Column("bytes", sa.BigInteger, comment="without indexes"),
    sa.Column("index_bytes", sa.BigInteger),
)
"""How large everything was after a refresh. Pages may not look at facts: commands write this down for them."""

node_state = _table(
    "node_state", APPLICATION,
    sa.Column("name", sa.String(255), primary_key=True, comment="host:port of the data node"),
    sa.Column("looked_at", Moment, nullable=False),
    sa.Column("months", Id, nullable=False, comment="how many months it holds"),
    sa.Column("first_month", sa.Date),
    sa.Column("last_month", sa.Date),
    sa.Column("row_count", sa.BigInteger, comment="facts, by the node's own estimate"),
    sa.Column("bytes", sa.BigInteger, comment="of their tables, with indexes"),
    sa.Column("milliseconds", sa.Numeric(10, 1), comment="until it answered"),
    sa.Column("lost_tables", Id, nullable=False, comment="tables that it should have and lacks"),
    sa.Column("open_transactions", Id, comment="that wait to be told how they end"),
    sa.Column("trouble", LongText, nullable=False, comment="why it did not answer; empty if it did"),
)
"""The data nodes of a cluster as a command saw them last. Pages do not ask nodes: they hold facts."""

import_log = _table(
    "import_log", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("import_id", Id, index=True, comment="financials_import.id; none if the file was refused"),
    sa.Column("source", sa.String(100), nullable=False),
    sa.Column("format", sa.String(20)),
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, comment="done, refused, undone or removed"),
    sa.Column("facts", sa.BigInteger),
    sa.Column("value", Sum),
    sa.Column("months", LongText),
    sa.Column("report", LongText, nullable=False, comment="JSON: what was taken, skipped and why"),
    sa.Column("created_at", Moment, nullable=False, index=True),
    sa.Column("undone_at", Moment),
    sa.Column("user_name", sa.String(150), comment="none: somebody at the command line"),
    sa.Column("undone_by", sa.String(150)),
    sa.Column("mode", sa.String(20), comment="replace, append or whole-months"),
    sa.Column("rows_read", sa.BigInteger),
    sa.Column("replaced_facts", sa.BigInteger),
    sa.Column("value_currency", sa.String(3), comment="of value: none or '' for the reporting currency, * for several"),
)
"""What the web shows of imports; told after `financials_import`, and reconciled at the next command."""

catalogue_change = _table(
    "catalogue_change", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("changed_at", Moment, nullable=False, index=True),
    sa.Column("user_name", sa.String(150), comment="none: somebody at the command line"),
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False, comment="products or brands"),
    sa.Column("items", Id, nullable=False, comment="products or brands that changed"),
    sa.Column("cells", Id, nullable=False),
    sa.Column("brand_ids", LongText, nullable=False, comment="brands it touches, before or after, commas around each"),
)
"""What `products` changed, told after it was committed. What is newer than the last refresh is waiting."""

catalogue_change_cell = _table(
    "catalogue_change_cell", APPLICATION,
    sa.Column("change_id", LongId, primary_key=True, autoincrement=False),
    sa.Column("item", sa.String(255), primary_key=True, comment="the ASIN, or the brand's name"),
    sa.Column("field", sa.String(20), primary_key=True),
    sa.Column("after", sa.String(255), nullable=False),
)
"""The cells of the changes that may be waiting; those of settled changes go with the next change."""

doctor_finding = _table(
    "doctor_finding", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("examined_at", Moment, nullable=False),
    sa.Column("check_id", sa.String(60), nullable=False, comment="'' for the row of the examination itself"),
    sa.Column("subject", sa.String(255), nullable=False, comment="what it is about, such as a table; '' for all"),
    sa.Column("severity", sa.String(20), nullable=False, comment="serious, warning, hint or none"),
    sa.Column("finding", LongText, nullable=False),
    sa.Column("evidence", LongText, nullable=False),
    sa.Column("advice", LongText, nullable=False),
    sa.Column("is_fixable", sa.Boolean, nullable=False, comment="whether flask doctor --fix cures it"),
    sa.Column("first_seen_at", Moment, nullable=False),
)
"""What `flask doctor` found last, most serious first. One more row, whose check is '', says that it looked,
and when, so that nothing found is not taken for never looked."""

slow_statement = _table(
    "slow_statement", APPLICATION,
    sa.Column("page", sa.String(60), primary_key=True, comment="endpoint of the page that sent it"),
    sa.Column("fingerprint", sa.String(32), primary_key=True, comment="of the statement without its values"),
    sa.Column("statement", LongText, nullable=False),
    sa.Column("address", sa.String(500), nullable=False, comment="what was asked for when it was slowest"),
    sa.Column("milliseconds", sa.Integer, nullable=False, comment="of its slowest time"),
    sa.Column("times", sa.BigInteger, nullable=False, comment="how often it was slow"),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("slowest_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False, index=True),
    sa.Column("plan", LongText, comment="how it was answered, a line per table; none if that could not be told"),
)
"""Statements of pages that took long, written down by the web; a hundred at most, the newest."""

notice = _table(
    "notice", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("event_key", sa.String(255), nullable=False, unique=True, comment="one event, one notice"),
    sa.Column("kind", sa.String(20), nullable=False, comment="failed, late, restated, rule, refused or doctor"),
    sa.Column("noted_at", Moment, nullable=False, index=True),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("body", LongText, nullable=False),
    sa.Column("facts", LongText, nullable=False, comment="JSON: name -> text, the same in few words"),
)
"""What somebody should know of without looking: told once per event, kept for the page."""

notice_delivery = _table(
    "notice_delivery", APPLICATION,
    sa.Column("notice_id", LongId, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(20), primary_key=True, comment="mail or webhook"),
    sa.Column("state", sa.String(20), nullable=False, index=True, comment="waiting, delivered or given up"),
    sa.Column("attempts", Id, nullable=False),
    sa.Column("next_attempt_at", Moment, nullable=False),
    sa.Column("delivered_at", Moment),
    sa.Column("last_error", sa.String(500)),
)
"""How a notice gets out: a row for each channel that was set up when it was noted. An attempt is counted before it is
made, together with when the next one may be, so that of several processes one makes it."""

notice_rule = _table(
    "notice_rule", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("figure", sa.String(100), nullable=False, comment="a metric, or a ratio such as CM3 %"),
    sa.Column("brand_id", Id, comment="none, and no category: everything together"),
    sa.Column("category_id", Id),
    sa.Column("comparison", sa.String(30), nullable=False, comment="a word of domain/rules.py"),
    sa.Column("threshold", sa.String(30), nullable=False, comment="a decimal number; percent is 15 for 15 %"),
    sa.Column("revision", Id, nullable=False, comment="counts changes: a changed rule is another one"),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("changed_by", sa.String(150), nullable=False),
)
"""What is looked at when a generation is published: figures that should not cross a line."""

app_user = _table(
    "app_user", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(150), nullable=False, unique=True),
    sa.Column("role", sa.String(20), nullable=False, comment="viewer, analyst or admin"),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column(
        "is_limited", sa.Boolean, nullable=False, default=False, server_default=sa.text("0"),
        comment="sees the brands of app_user_brand only; without a row there, nothing",
    ),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("password_changed_at", Moment, nullable=False),
    sa.Column("last_sign_in_at", Moment),
    sa.Column("closed_notes", sa.String(2000), comment="JSON: name of a note -> mark of what it told when closed"),
)

app_user_brand = _table(
    "app_user_brand", APPLICATION,
    sa.Column("user_id", LongId, primary_key=True, autoincrement=False),
    sa.Column("brand_id", Id, primary_key=True, autoincrement=False),
)
"""The brands that a user is limited to. Whoever has rows here is limited, whatever `is_limited` says."""

totp = _table(
    "totp", APPLICATION,
    sa.Column("user_id", LongId, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.String(64), nullable=False, comment="base32; in the clear, codes are computed from it"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("confirmed_at", Moment, comment="none: it was shown, and no code of it was given yet"),
    sa.Column("last_step", sa.BigInteger, nullable=False, comment="step of the last code taken; older ones are spent"),
)
"""Second factors: one secret per user, shared with the app on their phone (RFC 6238)."""

recovery_code = _table(
    "recovery_code", APPLICATION,
    sa.Column("user_id", LongId, primary_key=True, autoincrement=False),
    sa.Column("code_hash", sa.String(64), primary_key=True, comment="SHA-256; a code that was used is deleted"),
)

one_time_token = _table(
    "one_time_token", APPLICATION,
    sa.Column("token_hash", sa.String(64), primary_key=True, comment="SHA-256 of the token"),
    sa.Column("user_id", LongId, nullable=False, index=True),
    sa.Column("purpose", sa.String(20), nullable=False, comment="link: to choose a password; step: to give a code"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)
"""What opens one door once: the link of a new person, and the time between a password and its code."""

app_session = _table(
    "app_session", APPLICATION,
    sa.Column("token_hash", sa.String(64), primary_key=True, comment="SHA-256 of the secret in the cookie"),
    sa.Column("user_id", LongId, nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("address", sa.String(64)),
    sa.Column("browser", sa.String(50), comment="which it says it is, such as Firefox on Linux"),
)

sign_in_failure = _table(
    "sign_in_failure", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(150), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("failed_at", Moment, nullable=False, index=True),
)

api_token = _table(
    "api_token", APPLICATION,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user_id", LongId, nullable=False, index=True),
    sa.Column("label", sa.String(100), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_used_at", Moment),
)

saved_view = _table(
    "saved_view", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("user_id", LongId, nullable=False, index=True),
    sa.Column("name", sa.String(150), nullable=False),
    sa.Column("address", sa.String(2000), nullable=False, comment="path and query string"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("is_start", sa.Boolean, comment="whether / leads there; none is no"),
)
"""What a person named: a page with what is chosen on it."""

audit_log = _table(
    "audit_log", APPLICATION,
    sa.Column("id", LongId, primary_key=True, autoincrement=True),
    sa.Column("happened_at", Moment, nullable=False, index=True),
    sa.Column("user_name", sa.String(150)),
    sa.Column("address", sa.String(64)),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("detail", LongText),
)

# --- rooms and copies ------------------------------------------------------------------------------


def tables_of(*rooms: str) -> list[sa.Table]:
    """All tables of the given rooms, in the order in which they are declared."""
    return [table for table in metadata.tables.values() if table.info["room"] in rooms]


@functools.cache
def copy_of(table: sa.Table, *, name: str | None = None, schema: str | None = None) -> sa.Table:
    """A table with the same columns, keys and indexes under another name or in another schema; the same object for the
    same names, so that statements on it are compiled once."""
    return table.to_metadata(sa.MetaData(), name=name or table.name, schema=schema)
