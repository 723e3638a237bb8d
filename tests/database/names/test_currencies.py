"""Names whose facts are in several currencies: joined, counted by currency, and parted again."""

from tests.database.imports.test_currencies import LONG, facts


def test_a_join_keeps_currencies_and_adds_nothing_up_across_them(store, take, join, undo):
    take(LONG + "A1,Acme,UK,Old fee,2024-01,10,GBP\nA1,Acme,DE,Old fee,2024-01,4,EUR\nA2,Acme,UK,Fee,2024-01,1,GBP\n")
    take(LONG + "A1,Acme,UK,Old fee,2024-01,11,GBP\n", name="b.csv")
    before = facts(store)
    report = join("metric", "Old fee", "Fee")
    assert (report.facts, report.value) == (2, None)
    assert report.lines()[1:5] == [
        "  renamed   2 facts, sums 4.00 EUR, 11.00 GBP, 2024-01",
        "    Fee in EUR: 1 facts, sum 4.00; with 0 facts, sum 0.00, that are there: 4.00",
        "    Fee in GBP: 1 facts, sum 11.00; with 1 facts, sum 1.00, that are there: 12.00",
        "  undo      keeps 1 facts of that name, sum 10.00 GBP: renamed as well",
    ]
    assert facts(store) == [
        ("A1", "Fee", "2024-01", "11.00", "GBP"), ("A1", "Fee", "2024-01", "4.00", "EUR"),
        ("A2", "Fee", "2024-01", "1.00", "GBP"),
    ]
    undo(3)
    assert facts(store) == before
    undo(2)
    assert [row[1:] for row in facts(store)] == [
        ("Old fee", "2024-01", "10.00", "GBP"), ("Old fee", "2024-01", "4.00", "EUR"),
        ("Fee", "2024-01", "1.00", "GBP"),
    ]
