"""Metrics: one name for each, however a file spells it, and one order of the P&L."""

import pytest

from domain import metrics
from domain.metrics import MetricText, canonical_metric, is_money, is_ratio, read_metric


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("Net revenue", "Net Revenue; NET  REVENUE; net\u00a0revenue; Net sales; Net\nrevenue; Net rev\u200benue"),
        ("Net units", "Net Units; Net units sold"),
        ("Net COGS", "COGS; Net cogs; Cost of goods sold; COGS (ex VAT) [EUR]"),
        ("FBA fees", "Fulfillment Fee; Fulfillment fees; FBA fee; FBA Fees; Fulfilment fees"),
        ("Referral fees", "Referral Fee; Selling fees; Commission"),
        ("SEM costs", "PPC; Ad spend; Advertising; Sponsored ads; SEM Costs"),
        ("Promo fees", "Promotions; coupons; Promo Fees"),
        ("CM1", "Contribution margin 1; cm1"),
        ("CM3", "Contribution Margin 3; CM3"),
        ("Other platform fees", "OTHER PLATFORM FEES"),
        ("Gross sales", "gross sales"),
        ("Reimbursements", "reimbursements; REIMBURSEMENTS (EUR)"),
    ],
)
def test_spellings_meet_in_one_name(name, spellings):
    assert [canonical_metric(spelling) for spelling in spellings.split("; ")] == [name] * len(spellings.split("; "))


def test_any_other_metric_is_kept_as_it_is_written_but_for_spaces_and_remarks():
    kept = ["Storage fees", "storage fees", "Überschuss", "(nothing)", "Fees of 3 (three) kinds"]
    assert [canonical_metric(text) for text in kept] == kept
    assert canonical_metric(" Storage \u200b  fees (monthly) ") == "Storage fees"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Net revenue (ex VAT)", MetricText("Net revenue", ("ex VAT",))),
        ("Storage [eur]", MetricText("Storage", ("eur",), "EUR")),
        ("COGS (landed) (USD)", MetricText("Net COGS", ("landed", "USD"), "USD")),
        ("Net revenue (€)", MetricText("Net revenue", ("€",))),
        ("Net revenue ()", MetricText("Net revenue")),
    ],
)
def test_brackets_at_the_end_are_remarks_and_may_name_the_currency(text, read):
    assert read_metric(text) == read


def test_ratios_are_known_by_their_whole_words():
    ratios = ["CM1 %", "ACoS", "TACOS", "Roi", "Return rate", "Average price", "CM1 margin", "Contribution margin",
        "CM1 (%)",
              "Contribution margin 1 %", "buy-box ratio", "％ of sales"]
    amounts = ["Contribution margin 1", "Contribution margin 2 (EUR)", "CM3", "Corporate fees", "Margins fund",
        "Ratios",
               "Net revenue", "Moderate", "Roicost"]
    assert [text for text in ratios if not is_ratio(text)] == []
    assert [text for text in amounts if is_ratio(text)] == []


def test_every_spelling_leads_to_a_metric_of_the_tree_or_to_units_and_only_to_one():
    assert set(metrics.SPELLINGS) <= {*metrics.PROFIT_TREE, *metrics.UNITS}
    spellings = [spelling.casefold() for names in metrics.SPELLINGS.values() for spelling in names]
    assert len(spellings) == len(set(spellings))


def test_the_tree_reads_from_revenue_to_the_operating_profit():
    assert metrics.PROFIT_TREE == (
        "Net revenue", "Net COGS", "CM1", "Referral fees", "FBA fees", "Other platform fees",
        "Unsorted Amazon amounts", "Reimbursements", "CM2",
        "Marketing", "SEM costs", "Promo fees", "CM3", "Overheads", "Operating profit",
    )


def test_costs_are_the_parts_of_the_tree_that_are_taken_off():
    others = {"Net revenue", "CM1", "CM2", "CM3", "Reimbursements", "Operating profit"}
    assert tuple(name for name in metrics.PROFIT_TREE if name not in others) == metrics.COSTS


def test_more_reimbursements_are_good_news_and_more_unsorted_amounts_bad():
    assert (metrics.rise_of("Reimbursements"), metrics.rise_of("Unsorted Amazon amounts")) == ("good", "bad")


def test_units_are_pieces_and_everything_else_is_money():
    assert [name for name in (*metrics.PROFIT_TREE, *metrics.UNITS, "Storage fees") if not is_money(name)] == [
        "Net units", "Gross units", "Returned units",
    ]
