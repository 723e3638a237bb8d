"""Query strings: what is permitted becomes a selection, everything else one clear line."""

from __future__ import annotations

import dataclasses
import datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import GenerationGone, SelectionError
from domain.parameters import LONGEST, check_page
from domain.periods import COMPARISONS, Span, calendar_at
from domain.selection import ORDERS, WORDS, WORDS_WITH_SEARCH, Selectable, Selection, parse_selection

TODAY = datetime.date(2025, 11, 22)
SORTS = ("value", "name", "change")


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CATALOG = Selectable(
    generation=7, first_month=month("2023-02"), last_month=month("2025-11"),
    metrics=("Net revenue", "CM3", "Fees & more, 50%"),
    brands={3: "Alder & Ash", 12: "Bergwind", 0: "(unassigned)"},
    categories={5: "Toys", 0: "(uncategorised)"},
    marketplaces={"DE": "Germany", "US": "United States", "A,B": ""},
)


def parse(query: str, selectable: Selectable = CATALOG) -> Selection:
    pairs = parse_qsl(query, keep_blank_values=True)
    return parse_selection(pairs, selectable, today=TODAY, sorts=SORTS, words=WORDS_WITH_SEARCH)


def test_nothing_chosen_is_the_last_twelve_complete_months_of_net_revenue() -> None:
    found = parse("")

    assert found == Selection(calendar=found.calendar)
    assert found.span == Span(month("2024-11"), month("2025-10"))
    assert found.previous == found.year_before == Span(month("2023-11"), month("2024-10"))
    assert found.query_string() == ""


def test_every_word_is_understood() -> None:
    found = parse(
        "period=3m&metric=CM3&brand=12,3&category=5&marketplace=US,DE&search=blue+Duck"
        "&compare=year&sort=name&order=asc&page=4&generation=7"
    )

    assert found == Selection(
        calendar=found.calendar, period="3m", metric="CM3",
        brands=(3, 12), categories=(5,), marketplaces=("DE", "US"),
        search="blue Duck", compare="year", sort="name", order="asc", page=4, generation=7,
    )


def test_a_form_sends_empty_values_for_what_is_not_chosen() -> None:
    assert parse("&".join(f"{word}=" for word in WORDS_WITH_SEARCH)) == parse("")


def test_a_search_is_its_words_with_one_space_between() -> None:
    assert parse("search=%20 blue%20%20duck%20").search == "blue duck"
    assert parse("search=%20").search == ""
    assert parse("search=50%25_off %26 more").query_string() == "search=50%25_off%20%26%20more"


def test_a_page_without_products_refuses_a_search() -> None:
    with pytest.raises(SelectionError) as refused:
        parse_selection([("search", "duck")], CATALOG, today=TODAY)

    assert str(refused.value) == "unknown parameter 'search'; permitted are " + ", ".join(WORDS)


def test_a_range_stands_in_place_of_a_period() -> None:
    found = parse("from=2024-03&to=2024-05")

    assert (found.period, found.span) == ("", Span(month("2024-03"), month("2024-05")))
    assert found.previous == Span(month("2023-12"), month("2024-02"))
    assert found.year_before == Span(month("2023-03"), month("2023-05"))


def test_of_many_months_a_page_counts_the_last_ones_and_its_address_names_all() -> None:
    found = dataclasses.replace(parse("from=2023-02&to=2025-10"), most_months=12)

    assert (found.span, found.chosen) == (
        Span(month("2024-11"), month("2025-10")), Span(month("2023-02"), month("2025-10")),
    )
    assert found.previous == Span(month("2023-11"), month("2024-10"))
    assert found.query_string() == "from=2023-02&to=2025-10"


def test_half_a_range_reaches_to_the_ends_of_the_complete_data() -> None:
    assert parse("from=2024-03").span == Span(month("2024-03"), month("2025-10"))
    assert parse("to=2024-03").span == Span(month("2023-02"), month("2024-03"))
    assert parse("from=2025-11").span == Span(month("2025-11"), month("2025-11"))


def test_a_comparison_needs_figures_as_far_back_as_it_reaches() -> None:
    found = parse("from=2023-03&to=2023-05")

    assert (found.previous, found.year_before) == (None, None)


def test_a_month_in_progress_is_not_compared() -> None:
    found = parse("from=2025-10&to=2025-11")

    assert found.complete == Span(month("2025-10"), month("2025-10"))
    assert found.previous == Span(month("2025-09"), month("2025-09"))
    assert parse("from=2025-11&to=2025-11").previous is None


def test_months_in_progress_are_those_of_the_selection_that_figures_reach() -> None:
    november, december = month("2025-11"), month("2025-12")

    assert parse("from=2025-10&to=2025-12").in_progress == Span(november, november)
    assert parse("from=2025-12&to=2025-12").in_progress is None
    assert parse("from=2025-09&to=2025-10").in_progress is None
    later = calendar_at(month("2023-03"), december, TODAY)
    chosen = Selection(calendar=later, period="", first=month("2025-09"), last=december)
    assert chosen.in_progress == Span(november, december)


@pytest.mark.parametrize(
    ("compare", "first"), [("previous", month("2025-05")), ("year", month("2024-08")), ("none", None)]
)
def test_the_comparison_is_the_one_asked_for(compare: str, first: datetime.date | None) -> None:
    comparison = parse(f"period=3m&compare={compare}").comparison

    assert (comparison.first if comparison else None) == first


def test_what_is_usual_for_the_chosen_months_stands_in_no_address_and_other_months_have_another_usual() -> None:
    found = parse("period=ytd&compare=year")
    asked = parse("period=ytd&compare=previous")

    assert found.query_string() == "period=ytd" and found.comparison == Span(month("2024-01"), month("2024-10"))
    assert found.changed(period="3m").comparison == Span(month("2025-05"), month("2025-07"))
    assert asked.query_string() == "period=ytd&compare=previous"
    assert asked.comparison == Span(month("2024-03"), month("2024-12"))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("colour=red", "unknown parameter 'colour'; permitted are " + ", ".join(WORDS_WITH_SEARCH)),
        ("Period=3m", "unknown parameter 'Period'; permitted are " + ", ".join(WORDS_WITH_SEARCH)),
        ("brand=3&brand=12", "brand is given twice; give it once, several values with commas between"),
        ("page=&page=", "page is given twice; give it once, several values with commas between"),
        ("metric=Profit", "metric 'Profit' is not one of Net revenue, CM3, Fees & more, 50%, CM3 %"),
        ("metric=net revenue", "metric 'net revenue' is not one of Net revenue, CM3, Fees & more, 50%, CM3 %"),
        ("metric=%00", "metric '\\x00' is not one of Net revenue, CM3, Fees & more, 50%, CM3 %"),
        ("brand=4", "brand '4' is not known; permitted are 3 (Alder & Ash), 12 (Bergwind), 0 ((unassigned))"),
        ("brand=03", "brand '03' is not known; permitted are 3 (Alder & Ash), 12 (Bergwind), 0 ((unassigned))"),
        ("brand=3,", "brand '' is not known; permitted are 3 (Alder & Ash), 12 (Bergwind), 0 ((unassigned))"),
        ("brand=%D9%A3", "brand '٣' is not known; permitted are 3 (Alder & Ash), 12 (Bergwind), 0 ((unassigned))"),
        ("category=Toys", "category 'Toys' is not known; permitted are 5 (Toys), 0 ((uncategorised))"),
        ("marketplace=ALL", "marketplace 'ALL' is not one of DE, US, A,B"),
        ("marketplace=US,us", "marketplace 'us' is not one of DE, US, A,B"),
        ("search=a&search=b", "search is given twice; give it once, several values with commas between"),
        ("search=" + "x" * 101, "search has 101 characters; permitted are 100"),
        ("search=a b c d e f g h i", "search has 9 words; permitted are 8"),
        ("search=a%00b", "search 'a\\x00b' holds a character that cannot be typed"),
        ("compare=last", "compare 'last' is not one of previous, year, none"),
        ("sort=value;DROP", "sort 'value;DROP' is not one of value, name, change"),
        ("order=down", "order 'down' is not one of desc, asc"),
        ("page=0", "page '0' is not a whole number from 1"),
        ("page=-1", "page '-1' is not a whole number from 1"),
        ("page=1e9", "page '1e9' is not a whole number from 1"),
        ("page=1000000000", "page '1000000000' is not a whole number from 1"),
        ("page=%D9%A3", "page '٣' is not a whole number from 1"),
        ("page=+1", "page ' 1' is not a whole number from 1"),
        ("period=2m", "period '2m' is not one of 1m, mtd, 1q, 3m, 6m, 12m, ytd or a year from 1995 to 2025"),
        ("period=1994", "period '1994' is not one of 1m, mtd, 1q, 3m, 6m, 12m, ytd or a year from 1995 to 2025"),
        ("period=2026", "period '2026' is not one of 1m, mtd, 1q, 3m, 6m, 12m, ytd or a year from 1995 to 2025"),
        ("period=9999", "period '9999' is not one of 1m, mtd, 1q, 3m, 6m, 12m, ytd or a year from 1995 to 2025"),
        ("period=0001", "period '0001' is not one of 1m, mtd, 1q, 3m, 6m, 12m, ytd or a year from 1995 to 2025"),
        ("period=3m&from=2025-01", "period and from/to are both given; give one of them"),
        ("from=2024-13", "from '2024-13' is not a month from 1995-01 to 2025-12"),
        ("from=0001-01", "from '0001-01' is not a month from 1995-01 to 2025-12"),
        ("to=9999-12", "to '9999-12' is not a month from 1995-01 to 2025-12"),
        ("to=2024-1", "to '2024-1' is not a month from 1995-01 to 2025-12"),
        ("from=2024-01-01", "from '2024-01-01' is not a month from 1995-01 to 2025-12"),
        ("from=2025-02&to=2024-02", "from 2025-02 is after to 2024-02; swap them"),
        ("generation=0", "generation '0' is not a whole number from 1"),
        ("generation=x", "generation 'x' is not a whole number from 1"),
        ("brand=" + "1" * 5000, f"brand has 5000 characters; permitted are {LONGEST}"),
        ("x" * 5000 + "=1", f"unknown parameter '{'x' * 60}…'; permitted are " + ", ".join(WORDS_WITH_SEARCH)),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_permitted(query: str, message: str) -> None:
    with pytest.raises(SelectionError) as refused:
        parse(query)

    assert str(refused.value) == message


def test_another_generation_than_the_live_one_is_gone() -> None:
    with pytest.raises(GenerationGone, match="^generation 6 is not kept; live is 7$"):
        parse("generation=6")


def test_long_lists_of_what_is_permitted_are_cut() -> None:
    many = Selectable(
        generation=7, first_month=month("2023-02"), last_month=month("2025-11"), metrics=("CM3",),
        brands={number: f"B{number}" for number in range(1, 501)}, categories={}, marketplaces={},
    )

    with pytest.raises(SelectionError) as refused:
        parse("brand=501", many)

    assert str(refused.value).endswith("11 (B11), 12 (B12) and 488 more")


def test_a_line_end_in_a_name_does_not_make_the_message_two_lines() -> None:
    odd = Selectable(
        generation=7, first_month=month("2023-02"), last_month=month("2025-11"), metrics=("A\nB",), brands={},
        categories={}, marketplaces={},
    )

    with pytest.raises(SelectionError) as refused:
        parse("metric=x", odd)

    assert str(refused.value) == "metric 'x' is not one of A\N{REPLACEMENT CHARACTER}B"


def test_a_marketplace_whose_code_holds_a_comma_can_be_chosen() -> None:
    assert parse("marketplace=A%2CB").marketplaces == ("A,B",)


def test_without_net_revenue_the_first_metric_is_shown_and_named_in_the_address() -> None:
    other = Selectable(
        generation=7, first_month=month("2023-02"), last_month=month("2025-11"), metrics=("CM3",), brands={},
        categories={}, marketplaces={},
    )

    assert (parse("", other).metric, parse("", other).query_string()) == ("CM3", "metric=CM3")


def test_a_page_past_the_last_is_refused() -> None:
    check_page(3, 3)
    check_page(1, 0)
    with pytest.raises(SelectionError, match="^page 4 is past the last one; permitted are 1 to 3$"):
        check_page(4, 3)


def test_changing_one_part_keeps_the_others_and_goes_to_the_first_page() -> None:
    found = parse("period=2024&brand=3&sort=name&page=2")

    assert found.changed(brands=(12,)).query_string() == "period=2024&brand=12&sort=name"
    assert found.changed(page=3).query_string() == "period=2024&brand=3&sort=name&page=3"
    assert found.changed(period="3m").query_string() == "period=3m&brand=3&sort=name"


def test_a_range_replaces_a_period_and_the_other_way_round() -> None:
    ranged = parse("period=3m").changed(first=month("2024-01"), last=month("2024-02"))

    assert ranged.query_string() == "from=2024-01&to=2024-02"
    assert ranged.changed(period="ytd").query_string() == "period=ytd"


def test_the_canonical_query_string_is_the_same_for_the_same_choice() -> None:
    assert parse("brand=12,3,12&page=1&period=12m").query_string() == parse("brand=3,12").query_string() == "brand=3,12"


def months() -> st.SearchStrategy[datetime.date]:
    return st.builds(lambda y, m: datetime.date(y, m, 1), st.integers(1995, 2025), st.integers(1, 12))


@st.composite
def queries(draw) -> list[tuple[str, str]]:
    """A permitted query, in any order."""
    pairs = {
        "metric": draw(st.sampled_from(["", *CATALOG.metrics])),
        "brand": ",".join(map(str, draw(st.lists(st.sampled_from(list(CATALOG.brands)))))),
        "category": ",".join(map(str, draw(st.lists(st.sampled_from(list(CATALOG.categories)))))),
        "marketplace": ",".join(draw(st.lists(st.sampled_from(["DE", "US"])))),
        "compare": draw(st.sampled_from(COMPARISONS)),
        "sort": draw(st.sampled_from(SORTS)),
        "order": draw(st.sampled_from(ORDERS)),
        "page": str(draw(st.integers(1, 999_999))),
        "generation": draw(st.sampled_from(["", "7"])),
    }
    if draw(st.booleans()):
        first, last = sorted([draw(months()), draw(months())])
        pairs |= {"from": f"{first:%Y-%m}", "to": f"{last:%Y-%m}"}
    else:
        pairs["period"] = draw(st.sampled_from(["", "3m", "6m", "12m", "ytd", "1995", "2024", "2025"]))
    return draw(st.permutations(list(pairs.items())))


@given(queries())
def test_a_selection_survives_the_way_through_its_own_query_string(pairs: list[tuple[str, str]]) -> None:
    found = parse_selection(pairs, CATALOG, today=TODAY, sorts=SORTS)

    again = parse(found.query_string())

    assert again == found
    assert again.query_string() == found.query_string()


ANY_WORD = st.sampled_from(WORDS) | st.text(max_size=8)
ANY_TEXT = st.text(max_size=20) | st.sampled_from(["1", "3", "2024-05", "ytd", "CM3"])


@given(st.lists(st.tuples(ANY_WORD, ANY_TEXT)))
def test_any_query_gives_a_selection_or_one_line(pairs: list[tuple[str, str]]) -> None:
    try:
        found = parse_selection(pairs, CATALOG, today=TODAY, sorts=SORTS)
    except (SelectionError, GenerationGone) as refused:
        assert "\n" not in str(refused) and "\0" not in str(refused)
    else:
        assert found.span.first <= found.span.last
