"""/dashboard shows the sums of the summaries, and says clearly what it cannot show."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.people import users
from domain.moments import utc_now
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in, text_of

TODAY = datetime.date(2025, 11, 22)

ROWS = [
    (1, 1, 5, "US", "2024-10", "Net revenue", "1000000.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "1234567.89"),
    (1, 1, 5, "US", "2025-10", "Net units", "4321.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "271604.94"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "500000.11"),
    (2, 2, 6, "DE", "2025-10", "CM3", "-20000.00"),
    (3, 0, 0, "DE", "2025-09", "Net revenue", "0.50"),
    (1, 1, 5, "US", "2023-10", "Net revenue", "1.00"),
]
NAMES = {
    "brands": {1: "Alder <& Ash>", 2: "Bergwind"}, "categories": {5: "Toys", 6: "Games"},
    "marketplaces": {"US": "United States"},
}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, ROWS, **NAMES)
    return signed_in("viewer")


@pytest.fixture
def small_reader(small_app: Flask, password_hash: str) -> FlaskClient:
    """The same of the embedded engine only, for what no engine can change."""
    store = small_app.extensions["lego_store"]
    publish(store, ROWS, **NAMES)
    return _signed_in(small_app, password_hash)


def _signed_in(app: Flask, password_hash: str) -> FlaskClient:
    with app.extensions["lego_store"].application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = app.test_client()
    sign_in(client, "viewer")
    return client


@pytest.fixture
def small_store(small_app: Flask) -> Store:
    """The embedded store, without a generation yet."""
    return small_app.extensions["lego_store"]


@pytest.fixture
def small_client(small_app: Flask, password_hash: str) -> FlaskClient:
    """Somebody who may read it."""
    return _signed_in(small_app, password_hash)


def net_revenue(client: FlaskClient, address: str) -> str:
    """The first headline's exact figure."""
    return re.search(r'class="headline-figure[^"]*" title="([^"]*)"', client.get(address).text)[1]


def without_arrows(page: str) -> str:
    """The page without the links that stand beside a name and open its own page."""
    return re.sub(r'<a class="row-open".*?</a>', "", page, flags=re.DOTALL)


def brand_rows(client: FlaskClient, address: str) -> list[list[str]]:
    """The cells of the table by brand but for the bar, total last."""
    page = without_arrows(client.get(address).text)
    table = re.search(r'<table class="figures breakdown"[^>]*>(.*?)</table>', page, re.DOTALL)[1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)[1:]
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [
        [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", cell))).strip() for cell in (row[0], *row[2:])]
        for row in cells
    ]


def test_headlines_stand_in_short_and_exact_against_the_year_before(reader: FlaskClient) -> None:
    text = text_of(reader, "/dashboard")

    assert "Last 12 months Nov 2024 – Oct 2025" in text
    assert "Net revenue $1.73M $1,734,568.50" in text
    assert "up 73.5% vs year before" in text
    assert "Net units 4.32K 4,321" in text
    assert "CM3 $252K $251,604.94" in text
    assert "CM3 % 14.5% 14.5%" in text


def tiles(client: FlaskClient, address: str) -> list[tuple[str, str, bool]]:
    """Each period at a glance: its words, where it leads to, and whether it is the chosen one."""
    page = client.get(address).text
    return [
        (" ".join(html.unescape(re.sub(r"<[^>]+>", " ", tile)).split()),
         html.unescape(re.search(r'class="tile-link" href="(.*?)"', tile)[1]), 'aria-current="true"' in tile)
        for tile in re.findall(r'<article class="card tile.*?</article>', page, re.DOTALL)
    ]


def test_periods_stand_at_the_top_each_a_way_to_itself(small_reader: FlaskClient) -> None:
    ytd = "CM3 $252K $251,604.94 CM3 % 14.5% 14.5% Net revenue $1.73M $1,734,568.50 up 73.5% vs Jan 2024 – Oct 2024"

    assert tiles(small_reader, "/dashboard?period=ytd&compare=none") == [
        ("Last month Oct 2025 CM3 $252K $251,604.94 CM3 % 14.5% 14.5% Net revenue $1.73M $1,734,568.00 up 73.5% "
         "vs Oct 2024", "/dashboard?period=1m&compare=none", False),
        ("Last quarter Jul 2025 – Sep 2025 CM3 – – CM3 % – – Net revenue $0.50 $0.50 vs Jul 2024 – Sep 2024",
         "/dashboard?period=1q&compare=none", False),
        (f"Year to date Jan 2025 – Oct 2025 {ytd}", "/dashboard?period=ytd&compare=none", True),
    ]


def test_periods_keep_filters_and_are_marked_however_they_were_chosen(small_reader: FlaskClient) -> None:
    found = tiles(small_reader, "/dashboard?from=2025-10&to=2025-10&brand=1&marketplace=US")

    assert [(address, chosen) for _, address, chosen in found] == [
        ("/dashboard?period=1m&brand=1&marketplace=US", True), ("/dashboard?period=1q&brand=1&marketplace=US", False),
        ("/dashboard?period=ytd&brand=1&marketplace=US", False),
    ]
    assert found[0][0].startswith("Last month Oct 2025 CM3 $272K $271,604.94 CM3 % 22.0% 22.0% Net revenue $1.23M")
    assert net_revenue(small_reader, found[0][1]) == "$1,234,567.89"


def test_a_month_to_date_is_held_against_nothing_but_the_whole_month_is_named(
    small_store: Store, small_client: FlaskClient
) -> None:
    publish(small_store, [*ROWS, (1, 1, 5, "US", "2025-11", "Net revenue", "7.00"),
                          (1, 1, 5, "US", "2024-11", "Net revenue", "9000.00")], **NAMES)

    assert tiles(small_client, "/dashboard?period=mtd")[1] == (
        "Month to date Nov 2025 CM3 – – CM3 % – – Net revenue $7.00 $7.00 Whole Nov 2024: Net revenue $9.00K",
        "/dashboard?period=mtd", True,
    )


def test_the_table_by_brand_holds_value_share_change_and_margin(reader: FlaskClient) -> None:
    assert brand_rows(reader, "/dashboard") == [
        ["Alder <& Ash>", "$1,234,568", "71.2%", "up 23.5%", "22.0%"],
        ["Bergwind", "$500,000", "28.8%", "–", "−4.0%"],
        ["(unassigned)", "$0", "0.0%", "–", "–"],
        ["Total", "$1,734,568", "100.0%", "up 73.5%", "14.5%"],
    ]


def test_the_table_behind_the_chart_holds_every_month_exactly(reader: FlaskClient) -> None:
    text = text_of(reader, "/dashboard?from=2025-09&to=2025-10&compare=year")

    assert "Sep 2025 $0.50 Sep 2024 – – Oct 2025 $1,734,568.00 Oct 2024 $1,000,000.00 up 73.5%" in text


def test_every_filter_narrows_the_figures(reader: FlaskClient) -> None:
    queries = {
        "": "$1,734,568.50",
        "?period=3m": "$1,734,568.50",
        "?period=2024": "$1,000,000.00",
        "?from=2025-09&to=2025-09": "$0.50",
        "?brand=2": "$500,000.11",
        "?brand=2,0": "$500,000.61",
        "?category=5": "$1,234,567.89",
        "?marketplace=DE": "$500,000.61",
        "?marketplace=DE,US&brand=1": "$1,234,567.89",
    }

    assert {query: net_revenue(reader, f"/dashboard{query}") for query in queries} == queries


def test_the_metric_is_the_one_of_chart_and_table(reader: FlaskClient) -> None:
    text = text_of(reader, "/dashboard?metric=CM3")

    assert "CM3 by month" in text
    assert brand_rows(reader, "/dashboard?metric=CM3")[0][:2] == ["Alder <& Ash>", "$271,605"]


def test_what_all_is_of_stands_in_a_sentence_and_not_in_tables_of_one_row(small_reader: FlaskClient) -> None:
    page = small_reader.get("/dashboard?brand=1").text
    told = "Total Net revenue: $1,234,567.89 , all of it of the brand Alder <& Ash> , the category Toys and the"
    assert f"{told} marketplace US · United States ." in text_of(small_reader, "/dashboard?brand=1")
    assert 'href="/brands/1"' in page and 'class="figures breakdown' not in page
    assert "all of it" not in text_of(small_reader, "/dashboard")


def test_the_badge_names_month_generation_and_publication(reader: FlaskClient) -> None:
    assert "Data through Oct 2025 updated 3 Nov 2025, 06:30 UTC" in text_of(reader, "/")


def test_figures_are_written_as_the_reader_writes_them(small_reader: FlaskClient) -> None:
    text = text_of(small_reader, "/dashboard", **{"Accept-Language": "de-DE,de;q=0.9"})

    assert "1.734.568,50 $" in text
    assert "−4,0 %" in text


def test_an_unknown_language_falls_back_to_english(small_reader: FlaskClient) -> None:
    assert "$1,734,568.50" in text_of(small_reader, "/dashboard", **{"Accept-Language": "tlh-XX, *;q=0.5, x-\x7f"})


def table_rows(client: FlaskClient, address: str, heading: str) -> list[list[str]]:
    """The cells of the first table after a heading, but for bars."""
    page = without_arrows(client.get(address).text)
    table = page[page.index(f">{heading}</h2>"):].partition("</table>")[0].partition("<tbody>")[2]
    rows = [re.findall(r"<t[hd](?! class=\"bar-cell\").*?>(.*?)</t[hd]>", row, re.DOTALL)
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)]
    return [[re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", cell))).strip() for cell in row] for row in rows]


def test_movers_and_others_explain_the_total_change(reader: FlaskClient) -> None:
    assert table_rows(reader, "/dashboard?compare=year", "What moved Net revenue") == [
        ["Bergwind", "up $500,000"],
        ["Alder <& Ash>", "up $234,568"],
        ["(unassigned)", "up $0"],
        ["Total change", "up $734,568"],
    ]
    assert "$1.00M became $1.73M up 73.5%" in text_of(reader, "/dashboard?compare=year")
    assert "What moved" not in text_of(reader, "/dashboard?compare=none")


def test_loss_makers_stand_worst_first_with_their_sum(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [
        *ROWS, *((number, 1, 5, "US", "2025-10", "CM3", f"-{number}.50") for number in range(11, 24)),
    ], products=[{"id": 2, "asin": "B000000002", "name": "Night <lamp>"}], **NAMES)

    assert table_rows(small_client, "/dashboard", "Loss-makers") == [
        ["Night <lamp> B000000002", "\u2212$20,000"],
        ["(23)", "\u2212$24"], ["(22)", "\u2212$22"], ["(21)", "\u2212$22"], ["(20)", "\u2212$20"],
        ["(19)", "\u2212$20"], ["(18)", "\u2212$18"], ["(17)", "\u2212$18"], ["(16)", "\u2212$16"],
        ["(15)", "\u2212$16"],
        ["4 other products", "\u2212$52"],
        ["Lost in all", "\u2212$20,228"],
    ]
    assert "14 products below zero" in text_of(small_client, "/dashboard")
    assert "No product has a CM3 below zero." in text_of(small_client, "/dashboard?period=2024")


def test_categories_and_marketplaces_have_the_total_of_the_brands(reader: FlaskClient) -> None:
    assert table_rows(reader, "/dashboard", "Categories") == [
        ["Toys", "$1,234,568", "71.2%", "up 23.5%", "22.0%"],
        ["Games", "$500,000", "28.8%", "–", "\u22124.0%"],
        ["(uncategorised)", "$0", "0.0%", "–", "–"],
        ["Total", "$1,734,568", "100.0%", "up 73.5%", "14.5%"],
    ]
    assert [row[:2] for row in table_rows(reader, "/dashboard", "Marketplaces")] == [
        ["US · United States", "$1,234,568"], ["DE", "$500,001"], ["Total", "$1,734,568"],
    ]


REFUSED = (
    ("Period=3m", "unknown parameter 'Period'; permitted are period, from, to"),
    ("metric=Profit", "metric 'Profit' is not one of Net revenue, CM3, Net units"),
    ("metric=<script>", "metric '<script>' is not one of"),
    ("brand=x", "brand 'x' is not known; permitted are 1 (Alder <& Ash>), 2 (Bergwind), 0 ((unassigned))"),
    ("marketplace=DE;", "marketplace 'DE;' is not one of DE, US"),
    ("sort=value;DROP", "sort 'value;DROP' is not one of value, name, change, margin"),
    ("page=2", "page 2 is past the last one; permitted are 1 to 1"),
    ("page=999999", "page 999999 is past the last one"),
    ("brand=1&brand=2", "brand is given twice"),
    ("from=2024-13", "from '2024-13' is not a month"),
    ("metric=%00", "metric '\\x00' is not one of"),
    ("metric=%ff%fe", "is not one of"),
    ("metric=" + "x" * 5000, "metric has 5000 characters"),
)


def test_a_query_that_cannot_be_meant_gets_400_and_what_is_permitted(small_reader: FlaskClient) -> None:
    for query, words in REFUSED:
        assert words in text_of(small_reader, f"/dashboard?{query}", status=400)


def test_what_no_page_knows_is_taken_off_an_address_and_what_is_nearly_known_is_not(small_reader: FlaskClient) -> None:
    answer = small_reader.get("/dashboard?utm_source=mail&period=3m&marketplace=US,DE&fbclid=x")
    assert (answer.status_code, answer.location) == (302, "/dashboard?period=3m&marketplace=US,DE")
    assert small_reader.get("/?gclid=x").location == "/"
    assert small_reader.get("/catalog?utm_source=mail").location == "/catalog"
    assert small_reader.get("/dashboard.csv?utm_source=mail").status_code == 400
    assert small_reader.get("/dashboard?brands=1").status_code == 400


def test_a_brand_that_is_gone_is_told_and_no_other_figure_is_shown(small_reader: FlaskClient) -> None:
    for query, word, way in (
        ("brand=99&period=3m", "brand", "/dashboard?period=3m"), ("brand=1,99", "brand", "/dashboard"),
        ("category=99&brand=1", "category", "/dashboard?brand=1"), ("marketplace=XX", "marketplace", "/dashboard"),
    ):
        answer = small_reader.get(f"/dashboard?{query}")
        assert answer.status_code == 404 and f"This {word} is not here any more" in answer.text
        assert f'href="{way}"' in answer.text and "$" not in answer.text and "Bergwind" not in answer.text
        assert small_reader.get(f"/dashboard.csv?{query}").status_code == 400


def test_a_generation_that_is_gone_gets_410_with_a_way_to_the_live_one(small_reader: FlaskClient) -> None:
    answer = small_reader.get("/dashboard?period=3m&generation=99&marketplace=US,DE")

    assert answer.status_code == 410
    assert 'href="/dashboard?period=3m&amp;marketplace=US,DE"' in answer.text


def test_before_the_first_figures_the_page_says_what_will_be_there_and_what_to_do_for_whom(store, signed_in) -> None:
    for role, said, unsaid in (
        ("viewer", "ask whoever gave you your password", "/imports/upload"),
        ("limited", "ask whoever gave you your password", 'class="button'),
        ("analyst", "Import a file", "flask demo-data"), ("admin", "flask demo-data", "ask whoever"),
    ):
        answer = signed_in(role).get("/dashboard")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "Here will be revenue, units and contribution margins" in answer.text
        assert said in answer.text and unsaid not in answer.text and "Data through" not in answer.text


def test_without_a_single_month_the_page_says_what_waits(store: Store, signed_in) -> None:
    publish(store, [], **NAMES)
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.import_log).values(
            import_id=1, source="long", file_name="a.csv", status="done", created_at=utc_now(), report="{}"
        ))
    admin, viewer = (signed_in(role).get("/products") for role in ("admin", "viewer"))
    assert admin.status_code == viewer.status_code == 200
    assert "Refresh now" in admin.text and "waits for the next refresh" in viewer.text
    assert "no month" not in admin.text + viewer.text


def test_a_period_without_figures_says_so(small_reader: FlaskClient) -> None:
    text = text_of(small_reader, "/dashboard?period=2020")

    assert "No figures for this selection" in text
    assert "The figures run through Oct 2025." in text


def test_a_generation_without_any_row_says_so(store: Store, signed_in) -> None:
    publish(store, [])

    assert "No figures yet" in text_of(signed_in("viewer"), "/dashboard")


def test_a_month_in_progress_is_marked_and_said_to_be_left_out(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [*ROWS, (1, 1, 5, "US", "2025-11", "Net revenue", "7.00")], **NAMES)
    text = text_of(small_client, "/dashboard?from=2025-10&to=2025-11")

    assert "Nov 2025 is not over: it counts in the figures, and comparisons leave it out." in text
    assert "Nov 2025 in progress" in text
    assert "Oct 2025 – Nov 2025 Nov 2025, in progress Sep 2025" in text
    assert "$1,734,575.00" in text
    assert ", in progress" not in text_of(small_client, "/dashboard?from=2025-09&to=2025-10")


def test_mixed_currencies_are_named(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, ROWS, currencies="INR", **NAMES)

    told = (
        "These figures mix INR and USD: amounts are added as they are, not converted. All are written as USD, "
        "also where a marketplace has another currency."
    )
    for address in ("/dashboard", "/dashboard?marketplace=DE"):
        assert told in text_of(small_client, address)


def test_one_currency_that_is_the_dashboards_own_needs_no_words(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, ROWS, currencies="USD", **NAMES)

    assert "These figures mix" not in text_of(small_client, "/dashboard")


def test_a_reader_of_some_brands_sees_their_figures_and_nothing_of_others(
    store: Store, reader: FlaskClient
) -> None:
    with store.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id)).scalar_one()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=2))

    text = text_of(reader, "/dashboard")

    assert "$500,000.11" in text
    assert "Alder" not in text and "Toys" not in text and "United States" not in text
    assert "This brand is not here any more" in text_of(reader, "/dashboard?brand=1", status=404)
    assert "brand 'x' is not known; permitted are 2 (Bergwind)" in text_of(reader, "/dashboard?brand=x", status=400)
