"""Metrics: one name for each, however a file spells it, and one order of the P&L."""

import pytest

from domain import metrics
from domain.metrics import canonical_metric, is_money


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("COGS", "Net COGS"),
        ("Net COGS", "Net COGS"),
        ("Net Units", "Net units"),
        ("Net units", "Net units"),
        ("Net Revenue", "Net revenue"),
        ("Net revenue", "Net revenue"),
        ("Fulfillment Fee", "FBA fees"),
        ("FBA fees", "FBA fees"),
        ("Referral Fees", "Referral fees"),
        ("Referral fees", "Referral fees"),
    ],
)
def test_spellings_meet_in_one_name(heading, name):
    assert canonical_metric(heading) == name


def test_any_other_metric_is_kept_as_it_is_written():
    for heading in ("Storage fees", "net revenue", "CM1", "TACoS ", "Überschuss"):
        assert canonical_metric(heading) == heading


def test_every_spelling_leads_to_a_metric_of_the_tree_or_to_units():
    assert set(metrics.SPELLINGS.values()) <= {*metrics.PROFIT_TREE, *metrics.UNITS}


def test_the_tree_reads_from_revenue_to_cm3():
    assert metrics.PROFIT_TREE == (
        "Net revenue", "Net COGS", "CM1", "Referral fees", "FBA fees", "Other platform fees", "CM2",
        "Marketing", "SEM costs", "Promo fees", "CM3",
    )


def test_costs_are_the_parts_of_the_tree_that_are_taken_off():
    margins = {"Net revenue", "CM1", "CM2", "CM3"}
    assert tuple(name for name in metrics.PROFIT_TREE if name not in margins) == metrics.COSTS


def test_units_are_pieces_and_everything_else_is_money():
    assert [name for name in (*metrics.PROFIT_TREE, *metrics.UNITS, "Storage fees") if not is_money(name)] == [
        "Net units", "Gross units", "Returned units",
    ]
