"""Numbers: each style gives its value, what could be two numbers is refused, what means no value is none."""

import functools
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from database.imports.numbers import (
    PERCENTAGE,
    SPREADSHEET_ERROR,
    NumberStyle,
    is_blank,
    means_no_value,
    read_odd_numbers,
)

EITHER = "could be thousands or thousandths, and no other cell settles it; give --decimal . or --decimal ,"


@functools.cache
def scratch_of_tests() -> duckdb.DuckDBPyConnection:
    """One connection: to make one takes longer than all that a test does with it."""
    return duckdb.connect()


def read(texts, *, decimal=None, rounding=False, points=0) -> tuple[dict[str, str | None], NumberStyle]:
    """Each text's value, or the rule that it breaks; and the style they showed."""
    with scratch_of_tests().cursor() as scratch:
        scratch.execute(
            "CREATE OR REPLACE TEMP TABLE odd AS SELECT unnest($texts::VARCHAR[]) AS text, 1 AS n",
            {"texts": list(dict.fromkeys(texts))}
        )
        style = read_odd_numbers(scratch, table="odd", points=points, decimal=decimal, rounding=rounding)
        found = scratch.execute("SELECT text, coalesce(rule, value::VARCHAR) FROM odd_read").fetchall()
    return dict(found), style


@pytest.mark.parametrize(("text", "value"), [
    ("1,234.56", "1234.56"), ("1 234.56", "1234.56"), ("1\u202f234.56", "1234.56"), ("1'234.56", "1234.56"),
    ("1\u2019234.56", "1234.56"), ("1,23,456.78", "123456.78"), ("12,34,567", "1234567.00"), ("1,234,567",
        "1234567.00"),
    ("(1.00)", "-1.00"), ("$(1.00)", "-1.00"), ("($1.00)", "-1.00"), (" $(12.00)", "-12.00"), ("1.00-", "-1.00"),
    ("1.00 -", "-1.00"), ("\u22121", "-1.00"), ("- 1", "-1.00"), ("-$1", "-1.00"), ("$-1", "-1.00"), ("+1", "1.00"),
    (".5", "0.50"), ("-.5", "-0.50"), ("1.", "1.00"), ("1.2E+05", "120000.00"), ("1.234E+05", "123400.00"), ("12e3",
        "12000.00"),
    ("2.5E-01", "0.25"), ("$5", "5.00"), ("5 \u20ac", "5.00"), ("\u20b91,00,000.00", "100000.00"), ("USD 5", "5.00"),
    ("5 eur", "5.00"), ("R$ 5.10", "5.10"), ("5 kr.", "5.00"), ("CHF 1'000.50", "1000.50"), ("5 z\u0142", "5.00"),
    ("Rs. 5", "5.00"), (" $ 1,234.56 ", "1234.56"), ("\u200b7", "7.00"),
])
def test_a_number_with_a_decimal_point_however_it_is_written(text, value):
    assert read([text], points=1)[0] == {text: value}


@pytest.mark.parametrize(("text", "value"), [
    ("1.234,56", "1234.56"), ("1 234,56", "1234.56"), ("1.234", "1234.00"), (",5", "0.50"), ("1,", "1.00"),
        ("12,5 \u20ac", "12.50"),
    ("1.234.567", "1234567.00"), ("1,2E+05", "120000.00"), ("(1,00)", "-1.00"), ("1'234,5", "1234.50"),
])
def test_a_number_with_a_decimal_comma(text, value):
    assert read([text, "0,5"])[0][text] == value


@pytest.mark.parametrize(("text", "rule"), [
    ("12.5%", PERCENTAGE), ("12 %", PERCENTAGE), ("#DIV/0!", SPREADSHEET_ERROR), ("#REF!", SPREADSHEET_ERROR),
    ("#NAME?", SPREADSHEET_ERROR), *((text, "is not a number") for text in (
        "ABC 5", "1e400", "1_000", "\u0663", "1,2,3", "+-1", "--1", "(-1)", "(1", "1)", "$5\u20ac", "5.-", "5,-",
        "1 23", "1.2.3",
        "NaN", "Infinity", "0x1F", "1/2", "E5", "1,,234.0", "1 E5 EUR USD", "five",
    )),
])
def test_everything_else_is_an_error(text, rule):
    assert read([text], points=1)[0] == {text: rule}


@pytest.mark.parametrize("text", [
    "", " ", "-", "$ -", " $ -   ", "-   \u20ac ", "--", "\u2013", "\u2014", "n/a", "N/A", "#N/A", "null", "NULL",
    "\u00a0",
])
def test_what_means_no_value_is_none_in_sql_and_in_python(text):
    with duckdb.connect() as scratch:
        assert scratch.execute(f"SELECT {is_blank('t')} FROM (SELECT $t AS t)", {"t": text}).fetchone() == (True,)
    assert means_no_value(text)


@pytest.mark.parametrize("text", ["0", "$", "EUR", "abc -", "- -", "---", "#REF!", "none", "-1", "#DIV/0!"])
def test_what_means_something_else_is_not(text):
    with duckdb.connect() as scratch:
        assert scratch.execute(f"SELECT {is_blank('t')} FROM (SELECT $t AS t)", {"t": text}).fetchone() == (False,)
    assert not means_no_value(text)


@pytest.mark.parametrize("texts", [["1,234"], ["1.234"], ["1,234", "1.234"], ["1,234", "12", "1 234"]])
def test_a_number_that_could_be_two_is_asked_about_and_the_answer_is_taken(texts):
    assert {rule for text, rule in read(texts)[0].items() if "," in text or "." in text} == {EITHER}
    assert read(["1,234"], decimal=".")[0] == {"1,234": "1234.00"}
    assert read(["1.234"], decimal=",")[0] == {"1.234": "1234.00"}


def test_one_cell_settles_the_style_of_all():
    assert read(["1,234", "0.5"])[0] == {"1,234": "1234.00", "0.5": "0.50"}
    assert read(["1.234", "0,5"])[0] == {"1.234": "1234.00", "0,5": "0.50"}
    assert read(["1,234", "1,2"])[0]["1,234"] == "has more than two decimals; --round rounds half to even"


def test_a_sign_is_no_statement_of_a_currency_a_code_is():
    _, style = read(["$5", "5 eur", "USD 5", "\u00a5 7"], points=1)
    assert (style.symbols, style.codes) == (("$", "\u00a5"), ("EUR", "USD"))


def test_cells_in_powers_of_ten_are_counted_because_spreadsheets_round_them():
    assert read(["1.2E+05", "3.4E+02", "$5"], points=1)[1].powers_of_ten == 2


AMOUNTS = st.decimals(Decimal("-9999999999999.99"), Decimal("9999999999999.99"), places=2)
GROUPS = {"": "", ",": ".", ".": ",", " ": ",", "\u00a0": ".", "'": ".", "\u202f": ","}


def written(amount: Decimal, group: str, mark: str) -> str:
    """An amount with thousands grouped and a decimal mark."""
    return f"{amount:,.2f}".translate(str.maketrans({",": group, ".": mark}))


@settings(max_examples=12, deadline=None)
@given(st.lists(AMOUNTS, min_size=1, max_size=80), st.sampled_from(list(GROUPS.items())[1:]), st.sampled_from([
    "{}", "$ {}", "{} EUR", " {} ", "\u20ac{}",
]), st.booleans())
def test_amounts_of_any_style_come_back(amounts, style, dress, in_brackets):
    texts = {}
    for amount in amounts:
        plain = dress.format(written(abs(amount), *style))
        texts[(f"({plain.strip()})" if in_brackets else f"-{plain.strip()}") if amount < 0 else plain] = str(amount + 0)
    assert read(texts)[0] == texts


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1_000, 999_999), min_size=1, max_size=80), st.sampled_from(",."))
def test_whole_amounts_with_one_group_are_refused_unless_told(numbers, group):
    texts = {f"{number:,}".replace(",", group): f"{number}.00" for number in numbers}
    assert set(read(texts)[0].values()) == {EITHER}
    assert read(texts, decimal="." if group == "," else ",")[0] == texts
