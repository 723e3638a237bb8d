"""The refresh as SQL text, for a DBA who has only a `mariadb` client.

The text is compiled from the statements that `refresh` runs, with the loop over months written in SQL.
It verifies before it publishes and stops with an error if a sum differs. It does a full refresh.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from database import schema
from database.summaries import fact_sums, rollups
from database.summaries.rollups import Levels, facts

HEADER = """\
-- {title}
-- Made by: {command}
-- Run it with a bare client: mariadb DATABASE < {file}
"""

DIALECT = mysql.dialect()
DIALECT.is_mariadb = True


def create_script() -> str:
    """CREATE statements of every table a refresh reads or writes."""
    tables = [*schema.tables_of(schema.FACTS, schema.PUBLISHED), schema.refresh_log]
    tables += [schema.copy_of(table, name=table.name + "_previous") for table in schema.SUMMARIES]
    text = HEADER.format(
        title="The tables of LEGO Dashboard that a refresh reads and writes.",
        command="flask init-db, which also upgrades existing tables", file="database/create_summary_tables.sql",
    )
    for table in tables:
        text += "\n" + _text(sa.schema.CreateTable(table, if_not_exists=True)) + ";\n"
        for index in sorted(table.indexes, key=lambda index: index.name):
            text += _text(sa.schema.CreateIndex(index, if_not_exists=True)) + ";\n"
    return text


def refresh_script(exclude_groups: Collection[str]) -> str:
    """A full refresh: staged, verified, published by one RENAME."""
    levels = Levels(*(_staged(table) for table in schema.LEVELS), keyed=True)
    number, month = sa.literal_column("@generation"), sa.literal_column("each_month.month")
    of_month = facts.c.month.between(month, sa.literal_column("LAST_DAY(each_month.month)"))
    placement = schema.summary_placement
    now = sa.literal_column("@now")
    build = [
        rollups.into(
            levels.asin,
            rollups.asin_rows(of_month, month=month, placement=placement, set_number=number, now=now),
        ),
        *rollups.brand_level([month], levels=levels, now=now),
        *rollups.category_level([month], levels=levels, now=now),
        *rollups.marketplace_level([month], levels=levels),
        *_marks(number, month, fact_sums.facts_by_reason(of_month, exclude_groups)),
    ]
    text = HEADER.format(
        title="A full refresh of the summary tables: staged, verified, published at one instant.",
        command="flask refresh-summaries --sql", file="database/refresh_summary_tables.sql",
    )
    return text + _PROLOGUE.format(
        staging="\n".join(_create_staging(table) for table in (*schema.SUMMARIES, schema.summary_generation)),
        placements=_text(rollups.insert_placements(placement, set_number=number, exclude_groups=exclude_groups)),
        build="\n".join(_indent(_text(statement)) + ";" for statement in build),
        indexes="\n".join(_add_indexes(table) for table in schema.SUMMARIES if table.indexes),
        excluded=",".join(exclude_groups),
        rename=_rename(),
        drop="\n".join(
            f"DROP TABLE IF EXISTS {table.name}_dropped;" for table in (*schema.SUMMARIES, schema.summary_generation)
        ),
    )


def _marks(number: sa.ColumnElement, month: sa.ColumnElement, reasons: sa.Select) -> list[sa.Insert]:
    """Fingerprint and left-out facts of a month, from the statement that verification asks."""
    found = reasons.order_by(None).subquery("found")
    value = sa.func.coalesce(found.c.value, 0)
    placed = found.c.reason == ""
    key = (number.label("generation"), month.label("month"), found.c.metric)
    marks = sa.select(
        *key,
        sa.func.sum(found.c.facts).label("facts"),
        sa.func.sum(value).label("value"),
        sa.func.max(found.c.last_fact_id).label("last_fact_id"),
        sa.func.sum(found.c.facts - sa.case((placed, found.c.valued), else_=0)).label("left_out_facts"),
        sa.func.sum(sa.case((placed, 0), else_=value)).label("left_out_value"),
    ).group_by(found.c.metric)
    with_reason = sa.select(
        *key, found.c.reason, found.c.valued.label("facts"), value.label("value")
    ).where(found.c.reason != "", found.c.valued > 0)
    without_value = (
        sa.select(
            *key, sa.literal(fact_sums.NO_VALUE).label("reason"),
            sa.func.sum(found.c.facts - found.c.valued).label("facts"), sa.literal(0).label("value"),
        )
        .where(found.c.facts > found.c.valued)
        .group_by(found.c.metric)
    )
    return [
        rollups.into(schema.summary_month, marks),
        rollups.into(schema.summary_left_out, with_reason),
        rollups.into(schema.summary_left_out, without_value),
    ]


def _staged(table: sa.Table) -> sa.Table:
    return schema.copy_of(table, name=table.name + "_staging")


def _create_staging(table: sa.Table) -> str:
    name = f"{table.name}_staging"
    return f"DROP TABLE IF EXISTS {name};\n{_text(sa.schema.CreateTable(_staged(table)))};"


def _add_indexes(table: sa.Table) -> str:
    parts = ",\n  ".join(
        f"ADD INDEX {index.name} ({', '.join(column.name for column in index.columns)})"
        for index in sorted(table.indexes, key=lambda index: index.name)
    )
    return f"ALTER TABLE {table.name}_staging\n  {parts};"


def _rename() -> str:
    steps = []
    for table in schema.SUMMARIES:
        steps += [f"{table.name}_previous TO {table.name}_dropped", f"{table.name} TO {table.name}_previous"]
        steps += [f"{table.name}_staging TO {table.name}"]
    name = schema.summary_generation.name
    steps += [f"{name} TO {name}_dropped", f"{name}_staging TO {name}"]
    return "RENAME TABLE\n  " + ",\n  ".join(steps) + ";"


def _text(statement: sa.ClauseElement) -> str:
    compiled = str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    lines = (line.rstrip().replace("%%", "%") for line in compiled.replace("\t", "  ").splitlines())
    return "\n".join(line for line in lines if line)


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


_PROLOGUE = """
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO';
SET SESSION time_zone = '+00:00';

-- The lock that imports and refreshes share. If it is busy, the next statement stops the script.
SET @busy = IF(GET_LOCK(CONCAT('lego.', DATABASE()), 0) = 1, NULL, 'busy');
DELIMITER //
BEGIN NOT ATOMIC
  IF @busy IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an import or a refresh is running; try again when it has ended';
  END IF;
END//
DELIMITER ;

-- Facts that were moved to files are not in financials; this script would lose their months.
DELIMITER //
BEGIN NOT ATOMIC
  IF EXISTS (SELECT month FROM archived_month) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'months are archived; run flask refresh-summaries instead';
  END IF;
END//
DELIMITER ;

-- What a generation tells of lines of Amazon's reports (settlements, descriptions that are not sorted, SKUs without
-- ASIN), of unit costs and of overheads is not made by this script. Nor is which import gave what: of its
-- generation that is not known.
DELIMITER //
BEGIN NOT ATOMIC
  IF EXISTS (SELECT import_id FROM amazon_line) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there are lines of Amazon reports; run flask refresh-summaries instead';
  END IF;
  IF EXISTS (SELECT id FROM financials WHERE currency IS NOT NULL) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'facts name currencies; run flask refresh-summaries instead';
  END IF;
  IF EXISTS (SELECT import_id FROM overhead) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there are overheads; run flask refresh-summaries instead';
  END IF;
  IF EXISTS (SELECT import_id FROM unit_cost) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there are unit costs; run flask refresh-summaries instead';
  END IF;
END//
DELIMITER ;

SET @now = UTC_TIMESTAMP(6);
SET @run = UUID();
SET @live = (SELECT generation FROM summary_generation WHERE live = 1);
SET @generation = 1 + GREATEST(
  COALESCE((SELECT MAX(generation) FROM summary_generation), 0),
  COALESCE((SELECT MAX(generation) FROM refresh_log), 0));
SET @ledger = COALESCE((SELECT MAX(id) FROM changed_month), 0);
SET @last_fact = COALESCE((SELECT MAX(id) FROM financials), 0);
SET @recent = (SELECT COUNT(*) FROM financials WHERE id > @last_fact - 1000 AND id <= @last_fact);

-- Staged tables: invisible to readers.
{staging}
DELETE FROM summary_placement WHERE placement = @generation;
DELETE FROM summary_month WHERE generation = @generation;
DELETE FROM summary_left_out WHERE generation = @generation;

-- Where every product stands.
{placements};

-- Every level, month by month: facts -> ASIN -> brand -> category and marketplace; then fingerprints and what is
-- left out.
DELIMITER //
BEGIN NOT ATOMIC
  FOR each_month IN (
    SELECT DISTINCT CAST(DATE_FORMAT(dates.month, '%Y-%m-01') AS DATE) AS month
    FROM (SELECT month FROM financials WHERE month IS NOT NULL GROUP BY month) AS dates
    ORDER BY month
  ) DO
{build}
  END FOR;
END//
DELIMITER ;

-- Secondary indexes, after loading.
{indexes}

INSERT INTO summary_generation_staging
SELECT generation, 0, previous, run_id, refresh_type, published_at, months, first_month, last_month, facts,
  left_out_facts, ledger_id, last_fact_id, recent_facts, placement, currencies, excluded_groups, in_place, spread
FROM summary_generation WHERE live = 1;
INSERT INTO summary_generation_staging (generation, live, previous, run_id, refresh_type, published_at, months,
  first_month, last_month, facts, left_out_facts, ledger_id, last_fact_id, recent_facts, placement, currencies,
  excluded_groups, in_place, spread)
SELECT @generation, 1, @live, @run, 'full', UTC_TIMESTAMP(6),
  COALESCE((SELECT GROUP_CONCAT(DISTINCT DATE_FORMAT(month, '%Y-%m') ORDER BY month)
            FROM summary_month WHERE generation = @generation), ''),
  MIN(CASE WHEN facts > left_out_facts THEN month END), MAX(CASE WHEN facts > left_out_facts THEN month END),
  COALESCE(SUM(facts), 0), COALESCE(SUM(left_out_facts), 0), @ledger, @last_fact, @recent, @generation,
  COALESCE((SELECT GROUP_CONCAT(DISTINCT currencies ORDER BY currencies)
            FROM financials_import WHERE status = 'done' AND currencies <> ''), ''),
  '{excluded}', 0, NULL
FROM summary_month WHERE generation = @generation;

-- Per month and metric, to the cent: facts - left out = ASIN = brand by marketplace = brand ALL = category =
-- by marketplace.
DELIMITER //
BEGIN NOT ATOMIC
  IF EXISTS (
    SELECT month, metric FROM (
      SELECT month, metric, 'facts' AS level, value - left_out_value AS total
      FROM summary_month WHERE generation = @generation AND facts > left_out_facts
      UNION ALL
      SELECT month, metric, 'asin', SUM(value) FROM financials_summary_monthly_asin_marketplace_staging
      GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'brand', SUM(total_value) FROM financials_summary_monthly_brand_staging
      WHERE marketplace <> 'ALL' GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'brand ALL', SUM(total_value) FROM financials_summary_monthly_brand_staging
      WHERE marketplace = 'ALL' GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'category', SUM(total_value) FROM financials_summary_monthly_category_staging
      GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'marketplace', SUM(total_value) FROM financials_summary_monthly_marketplace_staging
      GROUP BY month, metric
    ) AS levels
    GROUP BY month, metric HAVING COUNT(*) <> 6 OR MIN(total) <> MAX(total)
  ) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'verification failed: nothing was published';
  END IF;
END//
DELIMITER ;

-- Published at one instant.
{drop}
{rename}
INSERT INTO refresh_log (run_id, stage, refresh_type, started_at, ended_at, duration_seconds, status, generation)
VALUES (@run, '', 'full', @now, UTC_TIMESTAMP(6), TIMESTAMPDIFF(MICROSECOND, @now, UTC_TIMESTAMP(6)) / 1000000,
  'success', @generation);
{drop}
DO RELEASE_LOCK(CONCAT('lego.', DATABASE()));
"""
