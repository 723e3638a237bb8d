"""A report on the page: first what a person must check, then sums beside those before."""

import pytest

from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done
from tests.web.conftest import text_of

HEADINGS = "ASIN,Brand,MP,Net revenue Jan-24,Net revenue Feb-24,CM3 % Jan-24\n"
BEFORE = HEADINGS + "B0TEST0001,Acme,US,10.50,4.00,1%\n"
AFTER = "Acme P&L\n\n" + HEADINGS + "b0test0001,ACME,Amazon.com,12.00,3.00,2%\nTotal,,,12.00,3.00,\n"


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_report_says_first_what_to_check_then_the_sums_beside_those_before(store, signed_in, tmp_path):
    for name, text in (("before.csv", BEFORE), ("after.csv", AFTER)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with store.lock("a test"):
            tell_done(store, import_file(store, tmp_path / name, ImportOptions()), user_name=None)
    page = text_of(signed_in("viewer"), "/imports/2")
    parts = (
        "Look at this twice Lowers 2024-02, for which an earlier file gave more: Net revenue from 4.00 to 3.00",
        "Left out", "Rows of totals: 'Total'; they agree with the rows above 1", "Columns: CM3 % Jan-24 1",
        "Read as another name 3", "ACME was read as the brand Acme", "How the file was read UTF-8 Cells between commas",
        "Headings in line 3 Decimal point Line 1 above the headings: 'Acme P&L'",
        "Sums by metric", "Net revenue $14.50 $15.00 +$0.50 2",
        "Sums by month", "Jan 2024 $10.50 $12.00 +$1.50", "Feb 2024 $4.00 $3.00 −$1.00",
    )
    places = [page.find(part) for part in parts]
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place < 0] + [page]
    assert places == sorted(places)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_amounts_in_other_currencies_wear_their_own_signs_and_say_what_lacks_a_rate(store, signed_in, tmp_path):
    rows = "asin,brand,marketplace,metric,month,value,currency\n"
    first = "A1,Acme,UK,Net revenue,2024-01,10.50,GBP\nA1,Acme,US,Net revenue,2024-01,4,\n"
    for name, text in (("a.csv", first), ("b.csv", first.replace("10.50", "12"))):
        (tmp_path / name).write_text(rows + text, encoding="utf-8")
        with store.lock("a test"):
            tell_done(store, import_file(store, tmp_path / name, ImportOptions()), user_name=None)
    page = text_of(signed_in("viewer"), "/imports/2")
    for part in (
        "There is no rate of GBP for Jan 2024: its amounts are left out there until somebody gives it.",
        "Net revenue $4.00 $4.00 $0.00 1", "Net revenue, GBP £10.50 £12.00 +£1.50 1",
        "Amounts in GBP are converted into USD at each month’s rate.",
    ):
        assert part in page.replace("'", "’"), (part, page)
