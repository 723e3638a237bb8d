"""Files of rates: every shape that files may have, ten decimals, and the central bank's history as exact means."""

import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from database.rates.central_bank import mean_of
from database.rates.files import RateFileOptions, read_rates_file
from domain.errors import Refused
from domain.months import format_month
from tests.clock import set_today

HISTORY = Path(__file__).parents[2] / "files" / "central_bank_history.csv"


def read(path, *, base="USD", **told):
    found = read_rates_file(path, RateFileOptions(**told), base=base)
    return {(format_month(month), code): str(rate) for (month, code), rate in found.rates.items()}, found


def written(tmp_path, text, *, encoding="utf-8", name="rates.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("text, encoding, told", [
    ("month,currency,rate\n2025-03,GBP,1.2931\n2025-04,eur,1.1234567891\n", "utf-8", {}),
    ("sep=;\r\nMonth;Currency;Rate\r\n2025-03;GBP;1,2931\r\n04/2025;EUR;1,1234567891\r\n", "utf-8-sig", {}),
    ("Kurse unserer Bank\n\nCurrency\tExchange rate\tMonth\nGBP\t1.2931\tMar 2025\nEUR\t1.1234567891\tApril 2025\n",
     "utf-16", {}),
    ("rate,month,currency\n$1.2931,2025-03-31,GBP\n1.1234567891 USD,2025-04-30,EUR\n,2025-05,GBP\n", "utf-8", {}),
    ("month,currency,rate\n2025-03,GBP,0.12931E+01\n2025-04,EUR,11234567891e-10\n", "utf-8", {"decimal": "."}),
])
def test_rates_are_read_in_every_shape_that_files_may_have(tmp_path, text, encoding, told):
    rates, _ = read(written(tmp_path, text, encoding=encoding), **told)
    assert rates == {("2025-03", "GBP"): "1.2931", ("2025-04", "EUR"): "1.1234567891"}


def test_a_rate_in_a_file_of_thousandths_asks_for_the_decimal_mark(tmp_path):
    path = written(tmp_path, "month,currency,rate\n2025-03,GBP,1.293\n")
    with pytest.raises(Refused, match="line 2, column rate: '1.293' could be thousands or thousandths.*--decimal"):
        read(path)
    assert read(path, decimal=".")[0] == {("2025-03", "GBP"): "1.293"}
    assert read(path, decimal=",")[0] == {("2025-03", "GBP"): "1293"}


@pytest.mark.parametrize("row, words", [
    ("2025-03,GBP,0", "line 2, column rate: '0' is not above 0"),
    ("2025-03,GBP,-1.2", "'-1.2' is not above 0"),
    ("2025-03,GBP,(1.2)", "is not above 0"),
    ("2025-03,GBP,1.12345678901", "has more than 10 decimals"),
    ("2025-03,GBP,1.2.3", "is not a number"),
    ("2025-03,GBP,12%", "is a percentage"),
    ("2025-03,GBP,1.2931 EUR", "names EUR, and rates are what one unit is in USD"),
    ("2025-03,GPB,1.2931", "column currency: 'GPB' is no currency's code"),
    ("2025-13,GBP,1.2931", "column month: '2025-13'"),
    (",GBP,1.2931", "column month: '' is blank"),
    ("2025-03,USD,1.1", "USD is the reporting currency"),
    ("2025-03,GBP,1.2931\n2025-03,GBP,1.2931", "line 3, column currency: 'GBP' GBP stands there again.*line 2"),
    ("2025-03,GBP", "2 cells where the headings have 3"),
    ("2025-03,GBP,", "has no rate in any row"),
])
def test_what_is_no_rate_refuses_the_file(tmp_path, row, words):
    with pytest.raises(Refused, match=words):
        read(written(tmp_path, f"month,currency,rate\n{row}\n"))


@pytest.mark.parametrize("text, words", [
    ("month,currency,base,rate\n2025-03,GBP,EUR,1.2\n", "'base' is not one of month, currency, rate"),
    ("asin,brand\nB1,Alder\n", "its headings are neither month, currency, rate, nor those of the European Central"),
    ("Date,JPY,GBP\n2025-03-03,160,0.84\n", "there is no column for USD, the reporting currency"),
    ("Date,USD\n2025-03-03,1.04\n2025-03-03,1.05\n", "line 3, column Date: '2025-03-03' stands there again; line 2"),
    ("Date,USD\n2025-03-03,1.o4\n", "line 2, column USD: '1.o4' is not a number"),
    ("Date,USD,JPY\n2025-03-27,1.04,160\n", "has no month whose rates it knows; take the whole history"),
])
def test_a_file_that_cannot_be_understood_is_refused_with_the_place(tmp_path, text, words):
    with pytest.raises(Refused, match=words):
        read(written(tmp_path, text))


def test_a_months_rate_is_the_mean_of_the_days_crosses():
    rates, found = read(HISTORY)
    days = [("1.0361", "0.8305"), ("1.0343", "0.8297"), ("1.0393", "0.8346")]
    exact = sum(Fraction(dollar) / Fraction(pound) for dollar, pound in days) / len(days)
    assert rates["2025-01", "GBP"] == str(Decimal(round(exact * 10**10)).scaleb(-10))
    assert rates["2025-01", "EUR"] == "1.0365666667"                       # (1.0361 + 1.0343 + 1.0393) / 3
    assert ("2025-01", "ISK") not in rates                                 # N/A on each of its days
    assert rates["2025-02", "ISK"] == str(Decimal(round(Fraction("1.0393") / Fraction("146.5") * 10**10)).scaleb(-10))
    assert {code for _, code in rates} == {"EUR", "GBP", "JPY", "ISK"}
    assert found.notes == () and found.until == {}


def test_in_euros_a_rate_is_the_mean_of_the_reverses():
    rates, _ = read(HISTORY, base="EUR")
    exact = sum(1 / Fraction(dollar) for dollar in ("1.0361", "1.0343", "1.0393")) / 3
    assert rates["2025-01", "USD"] == str(Decimal(round(exact * 10**10)).scaleb(-10))
    assert not any(code == "EUR" for _, code in rates)


PUBLISHED = (
    "USD,JPY,BGN,CYP,CZK,DKK,EEK,GBP,HUF,LTL,LVL,MTL,PLN,ROL,RON,SEK,SIT,SKK,CHF,ISK,NOK,HRK,RUB,TRL,TRY,AUD,BRL,CAD,CNY,"
    "HKD,IDR,ILS,INR,KRW,MXN,MYR,NZD,PHP,SGD,THB,ZAR"
)
"""The columns of eurofxref-hist.csv as the bank publishes it, currencies that are gone among them."""
DAYS = {
    "2025-02-28": "USD 1.0411 JPY 156.79 BGN 1.9558 GBP 0.82608 TRY 37.9759 ISK 145.1 IDR 17283.53 KRW 1521.2 ZAR 19.3",
    "2025-02-27": "USD 1.0477 JPY 156.97 BGN 1.9558 GBP 0.82740 TRY 38.186 ISK 145.3 IDR 17166.07 KRW 1512.5 ZAR 19.31",
    "2022-03-01": "USD 1.1162 JPY 128.35 BGN 1.9558 GBP 0.83370 HRK 7.5692 RUB 117.201 TRY 15.5144 ISK 142 IDR 16023.1",
    "1999-01-05": "USD 1.179 JPY 130.96 CYP 0.5823 EEK 15.6466 GBP 0.7122 ROL 13168 TRL 372274 ISK 81.53 KRW 1373",
    "1999-01-04": "USD 1.1789 JPY 133.73 CYP 0.58231 EEK 15.6466 GBP 0.7111 ROL 13111 TRL 372274 ISK 81.48 KRW 1398.59",
}


def test_the_history_is_read_as_the_bank_publishes_it(tmp_path):
    """Newest first, a comma at the end of each line, N/A where there was no rate, and no zeros at an end."""
    codes, lines = PUBLISHED.split(","), [f"Date,{PUBLISHED},"]
    for day, text in DAYS.items():
        told = dict(zip(text.split()[::2], text.split()[1::2], strict=True))
        lines.append(f"{day}," + ",".join(told.get(code, "N/A") for code in codes) + ",")
    path = written(tmp_path, "\n".join(lines) + "\n", name="eurofxref-hist.csv")
    assert len(codes) == 41 and {len(line.split(",")) for line in lines} == {43}

    rates, found = read(path)

    # A quarter of a century in one file: what is gone by now has rates of then only.
    assert {month: [code for of, code in rates if of == month] for month, _ in rates} == {
        "1999-01": ["CYP", "EEK", "EUR", "GBP", "ISK", "JPY", "KRW", "ROL", "TRL"],
        "2022-03": ["BGN", "EUR", "GBP", "HRK", "IDR", "ISK", "JPY", "RUB", "TRY"],
        "2025-02": ["BGN", "EUR", "GBP", "IDR", "ISK", "JPY", "KRW", "TRY", "ZAR"],
    }
    pounds = (Fraction("1.0411") / Fraction("0.82608") + Fraction("1.0477") / Fraction("0.8274")) / 2
    assert rates["2025-02", "GBP"] == str(Decimal(round(pounds * 10**10)).scaleb(-10))
    assert (rates["2025-02", "EUR"], rates["1999-01", "TRL"]) == ("1.0444000000", "0.0000031669")
    assert rates["2022-03", "ISK"] == str(Decimal(round(Fraction("1.1162") / 142 * 10**10)).scaleb(-10))
    assert found.notes == () and found.until == {}


@pytest.mark.parametrize("crosses, mean", [
    ([("0.00000000005", "1")], "0E-10"), ([("0.00000000015", "1")], "2E-10"), ([("0.00000000025", "1")], "2E-10"),
    ([("1", "3")], "0.3333333333"), ([("2", "3")], "0.6666666667"), ([("1", "3"), ("2", "3")], "0.5000000000"),
    ([("1", "7")] * 23, "0.1428571429"),
])
def test_a_mean_is_rounded_half_to_even_at_ten_decimals(crosses, mean):
    assert str(mean_of([(Decimal(above), Decimal(below)) for above, below in crosses])) == mean


def test_a_month_in_progress_is_a_mean_so_far_and_one_that_begins_late_is_left_out(tmp_path, monkeypatch):
    set_today(monkeypatch, datetime.date(2025, 3, 5))
    path = written(tmp_path, "Date,USD,\n2025-03-04,1.05,\n2025-03-03,1.04,\n2025-02-03,1.02,\n2025-01-20,1.03,\n")
    rates, found = read(path)
    assert rates == {("2025-03", "EUR"): "1.0450000000", ("2025-02", "EUR"): "1.0200000000"}
    assert found.notes == (
        "2025-01 is left out: the file knows it from 20 Jan 2025 on only",
        "Mar 2025 is a mean so far, of 2 days through 4 Mar 2025",
    )
    assert found.until == {datetime.date(2025, 3, 1): datetime.date(2025, 3, 4)}
