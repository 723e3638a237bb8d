"""Words for totals, in a row's identifying cells and over a column."""

from domain.totals import is_total, is_total_heading


def test_a_row_of_totals_says_so_alone_or_at_the_end():
    rows = ["Total", "GRAND TOTAL", "Subtotal", "Sub-Total", "Sum", "Gesamt", "Summe:", "Totale", "Acme Total",
        "Acme - Subtotal",
            "Total général", "Totaal", "US total ", "Total*", "Gesamtergebnis", "Suma"]
    names = ["Totally", "Acme", "Total Gym", "Sumo", "B0TOTAL001", "", "Summer", "Petrosum", "SUMMEX"]
    assert [text for text in rows if not is_total(text)] == []
    assert [text for text in names if is_total(text)] == []


def test_a_column_of_totals_is_a_word_or_a_span_longer_than_a_month():
    totals = ["Total", "2024", "FY24", "FY 2024", "Q1", "Q1 2024", "2024 Q1", "YTD", "YTD 2024", "Total 2024", "H1",
        "Gesamt",
              "Sum", "TTM", "Total (2024)", "Jan-Mar total", "Summe 2024"]
    others = ["Comment", "Jan-24", "Total Gym", "Growth", "Notes", "1", "Mrx 24", "202"]
    assert [text for text in totals if not is_total_heading(text)] == []
    assert [text for text in others if is_total_heading(text)] == []
