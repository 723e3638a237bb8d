"""Where an explained figure comes from: imports by what they gave, and what none gave, exactly the figure together."""

from __future__ import annotations

import dataclasses
import datetime
import html
import itertools
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import reconcile_import_log
from database.queries.choices import read_selectable
from database.queries.explain import read_explanation
from database.summaries.refresh import refresh
from domain.explaining import ALSO_ASKED
from domain.selection import WORDS_OF_A_FIGURE, parse_selection
from tests.database.imports.conftest import HEADINGS
from tests.facts import add_facts, spread_by
from tests.web.conftest import text_of

TODAY = datetime.date(2025, 4, 2)
FIRST = HEADINGS + "".join(
    f"B{number},{brand},{category},{place},{metric},2025-0{month},{value * number + month}.{number}{month}\n"
    for number, brand, category in ((1, "Alder", "Toys"), (2, "Birch", "Toys"), (3, "Cedar", "Pens"))
    for place in ("US", "DE") for month in (1, 2, 3)
    for metric, value in (("Net revenue", 100), ("CM1", 60), ("CM2", 40), ("CM3", 30), ("FBA fees", 20))
)
EUROS = HEADINGS + "B1,Alder,Toys,DE,Net revenue,2025-02,33.33\nB1,Alder,Toys,DE,CM3,2025-02,11.11\n"
NOBODY = HEADINGS + "ACCOUNT,,,US,FBA fees,2025-03,10.00\n"
RENT = "Name,Amount,From,To\nRent,4.00,2025-01,2025-03\n"


@pytest.fixture
def filled_by(tmp_path_factory):
    """Three files, one of them in euros, costs of nobody, and a figure by another program; overheads of a brand."""
    def fill(store):
        folder = tmp_path_factory.mktemp("files")
        with store.application.begin() as connection:
            connection.execute(sa.insert(schema.exchange_rate).values(
                base="USD", currency="EUR", month=datetime.date(2025, 2, 1), rate="1.0345", source="told",
                changed_by="ann", changed_at=datetime.datetime(2025, 1, 1),
            ))
        for name, text, options in (
            ("first.csv", FIRST, {}), ("euros.csv", EUROS, {"source": "shop", "currency": "EUR"}),
            ("nobody.csv", NOBODY, {"source": "account"}), ("rent.csv", RENT, {}),
        ):
            path = folder / name
            path.write_text(text, encoding="utf-8")
            import_file(store, path, ImportOptions(**options))
        add_facts(store, [("B2", "US", "CM3", "2025-01", "-5.00")], announced=False)
        refresh(spread_by(store, "revenue"))
        reconcile_import_log(store)

    return fill


def explained(store, words, *, scope=None):
    def question(reading):
        selectable = read_selectable(reading, today=TODAY, scope=scope)
        selection = parse_selection(
            words.items(), selectable, today=TODAY, words=WORDS_OF_A_FIGURE,
            also={ratio.name: ratio for ratio in ALSO_ASKED},
        )
        selection = dataclasses.replace(selection, scope=scope)
        return read_explanation(reading.connection, reading.generation, selection, selectable)

    return store.read(question)


def test_imports_and_what_none_gave_are_the_figure(store) -> None:
    narrowed = ({}, {"brand": "1"}, {"category": "1", "marketplace": "DE"}, {"brand": "0,2", "marketplace": "US"})
    spans = ({"from": "2025-02", "to": "2025-02"}, {"period": "2025"})
    metrics = ("Net revenue", "CM3", "CM3 %", "FBA fees", "CM2", "Operating profit")
    seen = 0
    for metric, span, narrow, shared in itertools.product(metrics, spans, narrowed, ({}, {"shared": "in"})):
        found = explained(store, {"metric": metric, **span, **narrow, **shared})
        if found.sources is None:
            assert found.figure.value is None, (metric, span, narrow)
            continue
        parts = sum((each.value for each in (*found.sources.rows, *found.sources.others)), Decimal(0))
        assert abs(parts - found.figure.value) < Decimal("1e-20"), (metric, span, narrow, shared)
        assert not any(each.kind == "unknown" for each in found.sources.others)
        seen += len(found.sources.rows)
    assert seen > 100
    assert explained(store, {"metric": "CM3", "asin": "B1", "period": "2025"}).sources is None
    assert explained(store, {"metric": "CM3", "period": "2025"}, scope=(1,)).sources is None


def test_the_page_and_its_files_name_them(store, signed_in) -> None:
    client = signed_in("viewer")
    address = "/explain?metric=CM3&from=2025-01&to=2025-03"
    text, page = text_of(client, address), html.unescape(client.get(address).text)
    assert "Where it comes from" in text and 'href="/imports/1"' in page
    assert "first.csv" in text and "Other programs written to the database without an import −$5.00" in text
    assert "stated €11.11" in text
    rows = client.get(f"/api/v1{address}&table=sources").json["rows"]
    assert [(row["name"], row["import"], row["currency"], row["stated"]) for row in rows][1:] == [
        ("euros.csv", "2", "EUR", "11.11"), ("Other programs", None, None, None),
    ]
    whole = client.get(f"/api/v1{address}").json["rows"][0]["value"]
    assert sum(Decimal(row["value"]) for row in rows) == Decimal(whole)
    limited = signed_in("limited")
    assert "Where it comes from" not in limited.get(address).text
    assert limited.get(f"/api/v1{address}&table=sources").json["rows"] == []
