"""/help tells the formulas that compute the figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.metrics import NET_COGS, NET_REVENUE, NET_UNITS, REIMBURSEMENTS, UNSORTED
from domain.profit import gaps_of
from tests.web.conftest import text_of
from web.pages.help import MINUS, OVER, RATIOS, TIMES, amounts, formula_of

SUMS = {
    NET_REVENUE: 1000, NET_COGS: 300, "CM1": 700, "Referral fees": 100, "FBA fees": 90, "Other platform fees": 10,
    UNSORTED: 20, REIMBURSEMENTS: 20, "CM2": 500, "Marketing": 50, "SEM costs": 40, "Promo fees": 10, "CM3": 400,
    NET_UNITS: 20, "Overheads": 150, "Operating profit": 250,
}

MARGINS = ("CM1", "CM2", "CM3", "Operating profit")


def worked_out(formula: str) -> float:
    """What a formula of the page gives with these sums."""
    for name in sorted(SUMS, key=len, reverse=True):
        formula = formula.replace(name, str(SUMS[name]))
    return eval(formula.translate({ord(MINUS): "-", ord(OVER): "/", ord(TIMES): "*"}))


def test_each_formula_gives_what_the_code_computes() -> None:
    sums = {name: Decimal(amount) for name, amount in SUMS.items()}
    assert gaps_of(sums, SUMS) == []
    margins = {term.name: worked_out(term.formula) for term in amounts() if term.name in MARGINS}
    assert margins == {"CM1": 700, "CM2": 500, "CM3": 400, "Operating profit": 250}
    for ratio in RATIOS:
        computed = ratio.of(sums) * (100 if ratio.percent else 1)
        assert worked_out(formula_of(ratio)) == pytest.approx(float(computed))


def test_the_page_tells_them_with_what_they_mean(signed_in) -> None:
    page = text_of(signed_in("viewer"), "/help")
    for words in (
        f"CM3 = CM2 {MINUS} Marketing {MINUS} SEM costs {MINUS} Promo fees",
        "Platform fees = Referral fees + FBA fees + Other platform fees",
        f"Operating profit = CM3 {MINUS} Overheads",
        f"Operating margin % = (CM3 {MINUS} Overheads) {OVER} Net revenue {TIMES} 100",
        f"TACoS = (Marketing + SEM costs + Promo fees) {OVER} Net revenue {TIMES} 100",
        f"ROI = CM3 {OVER} Net COGS {TIMES} 100", "the months since January are compared",
    ):
        assert words in page, words
