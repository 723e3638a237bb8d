"""A file that lowers what an earlier file of its source gave for a month says so before anything else."""

from decimal import Decimal

from tests.database.imports.conftest import HEADINGS

FULL = HEADINGS + "A1,Acme,,US,CM1,2024-01,40\nA1,Acme,,US,CM2,2024-01,30\nA1,Acme,,US,CM1,2024-02,5\n"
PART = HEADINGS + "A1,Acme,,US,CM1,2024-01,10\nA1,Acme,,US,CM2,2024-01,31\nA1,Acme,,US,CM1,2024-02,6\n"


def test_a_month_that_is_lowered_is_the_first_that_the_report_says(take):
    assert take(FULL).warnings == ()
    report = take(PART, "part.csv")
    assert report.lines()[1] == (
        "  warning   lowers 2024-01, for which an earlier file gave more: CM1 from 40.00 to 10.00; if this file holds "
        "only a part of the month, import one that holds all of it"
    )
    assert len(report.warnings) == 1
    assert take(FULL + "A2,Acme,,US,CM1,2024-03,1\n", "full.csv").value == Decimal(76)


def test_a_file_that_adds_lowers_nothing(take):
    take(FULL)
    assert take(PART, "part.csv", mode="append").warnings == ()
    assert take(PART + "A2,Acme,,US,CM1,2024-01,1\n", "other.csv", source="other").warnings == ()


def test_a_metric_that_is_missing_now_is_lowered_to_nothing(take):
    take(FULL)
    words = take(HEADINGS + "A1,Acme,,US,CM1,2024-01,40\n", "part.csv").warnings[0]
    assert "CM2 from 30.00 to 0.00" in words
