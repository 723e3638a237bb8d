"""Headings of wide and tidy files in the shapes sellers have; what is left out, what is asked about."""

import duckdb

from database.imports.csv_file import open_csv
from database.imports.files import stage
from database.imports.staging import ImportOptions

FACTS = [("B0TEST0001", "US", "Net revenue", "2024-01", "1.00"), ("B0TEST0001", "US", "Net revenue", "2024-02", "2.00")]
IDS = "ASIN,Brand,Marketplace"


def test_a_metric_and_a_month_may_stand_in_one_heading_or_on_three_lines(staged_rows):
    row = "B0TEST0001,Acme,US,1,2\n"
    for headings in (
        f"{IDS},Net revenue Jan-24,Net revenue Feb-24\n", f"{IDS},2024-01 Net sales,2024-02 Net sales\n",
        f"{IDS},Net revenue (Jan 2024),Net revenue (Feb 2024)\n", f",,,Jan-24,Feb-24\n{IDS},Net revenue,Net revenue\n",
        f",,,Net revenue,\n,,,2024,\n{IDS},Jan,Feb\n",
    ):
        assert staged_rows(headings + row) == FACTS, headings


def test_a_stranger_between_months_is_refused_and_left_out_as_it_says(staged_rows, refusal_of):
    content = f",,,Net revenue,,\n{IDS},Jan-24,Growth,Feb-24\nB0TEST0001,Acme,US,1,x,2\n"
    assert "--skip-column 'Growth'" in refusal_of(content)[0]
    assert staged_rows(content, skip_columns=("Growth",)) == FACTS
    assert "'Grwth' is no column that --skip-column could leave out; did you mean growth?" in "".join(
        refusal_of(content, skip_columns=("Grwth",))
    )
    assert "cannot be read as one" in refusal_of(content.replace("Growth", "Total").replace("Feb-24", "Febr2-24"))[0]


def test_a_column_between_months_without_a_heading_may_hold_nothing(staged_rows, refusal_of):
    content = f",,,Net revenue,,\n{IDS},Jan-24,,Feb-24\nB0TEST0001,Acme,US,1,,2\n"
    assert staged_rows(content) == FACTS
    assert "holds 1 values" in refusal_of(content.replace("1,,2", "1,9,2"))[0]


def test_rows_of_totals_are_held_against_the_rows_above(write):
    rows = "B0TEST0001,Acme,US,1.5\nAcme Total,,,1.5\nB0TEST0002,Beta,US,2.5\nBeta Total,,,2.5\nGrand total,,,{}\n"
    told = {}
    for total in ("4.0", "5.0"):
        content = f",,,Net revenue\n{IDS},Jan-24\n" + rows.format(total)
        with duckdb.connect() as scratch, open_csv(write(content)) as file:
            staged = stage(scratch, file, ImportOptions(), file_format="auto", currency="USD")
        told[total] = staged.skipped[0]
    names = "rows of totals: 'Acme Total', 'Beta Total', 'Grand total'"
    assert (told["4.0"].reason, told["4.0"].count) == (f"{names}; they agree with the rows above", 3)
    assert told["5.0"].reason == (
        f"{names}; 1 do not agree with the rows above: Grand total: Net revenue 2024-01 is 5.00, the rows above it "
        "give 4.00"
    )


def test_a_tidy_file_without_a_marketplace_takes_the_one_given(staged_rows, refusal_of):
    content = "ASIN,Brand,Month,Net revenue,ACoS\nB0TEST0001,Acme,2024-01,1,0.5\nB0TEST0001,Acme,2024-02,2,0.6\n"
    assert "give --marketplace CODE" in refusal_of(content)[0]
    assert staged_rows(content, marketplace="usa") == FACTS
