"""/help: what every figure means, with the formula that computes it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from domain.metrics import (
    ADVERTISING,
    CM1,
    CM2,
    CM3,
    NET_COGS,
    NET_REVENUE,
    NET_UNITS,
    OPERATING_PROFIT,
    OVERHEADS,
    PLATFORM_FEES,
    REIMBURSEMENTS,
    UNSORTED,
)
from domain.narrowing import FALL, FLOOR
from domain.profit import STAGES
from domain.ratios import (
    AVERAGE_PRICE,
    CM1_MARGIN,
    CM2_MARGIN,
    CM3_MARGIN,
    OPERATING_MARGIN,
    ROI,
    TACOS,
    Ratio,
)
from web.http import current
from web.http.parameters import takes_no_parameters

pages = Blueprint("help", __name__)

MINUS, TIMES, OVER = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"
RATIOS = (CM1_MARGIN, CM2_MARGIN, CM3_MARGIN, OPERATING_MARGIN, TACOS, ROI, AVERAGE_PRICE)
MEANINGS = {
    NET_REVENUE: "What customers paid for what they kept: sales after discounts and refunds.",
    NET_UNITS: "Pieces that were sold and kept.",
    NET_COGS: "What the pieces cost that were sold: buying or making them, and getting them in.",
    "platform fees": "What the marketplace keeps for a sale and for storing and sending it.",
    UNSORTED: "Amounts of Amazon's reports that no rule knows. They count as costs until somebody says what they are.",
    REIMBURSEMENTS: "What Amazon pays for goods that it lost or damaged.",
    "advertising": "What was spent to be found: campaigns, sponsored places, coupons and promotions.",
    "CM1": "What a sale leaves after the goods themselves.",
    "CM2": "What is left after the marketplace had its fees. A product with a CM2 below zero loses with every piece.",
    "CM3": "What is left after advertising: what pays for rent, salaries and profit.",
    OVERHEADS: "What no sale causes: salaries, software, a photographer. Those of a brand stand with it, as not of one "
    "product; all others stand under (unassigned), without a marketplace unless they name one. Where the settings have "
    "them shared out, the profit and loss with shared costs shows what brands bear of them.",
    OPERATING_PROFIT: "What is left when overheads are paid. Where nothing was sold it is what they cost; where "
    "something was sold and no CM3 is known there is none. A total takes off the overheads of all its months.",
    CM1_MARGIN.name: "Of each amount of net revenue, so much is left after the goods.",
    CM2_MARGIN.name: "Of each amount of net revenue, so much is left after goods and fees.",
    CM3_MARGIN.name: "Of each amount of net revenue, so much is left after goods, fees and advertising.",
    OPERATING_MARGIN.name: "Of each amount of net revenue, so much is left after everything, overheads included.",
    TACOS.name: "Total advertising cost of sale: which part of all revenue was spent on advertising, whether or not an "
    "advertisement brought the sale. Lower is better.",
    ROI.name: "Return on investment: what each amount that was put into goods has earned, after fees and advertising.",
    AVERAGE_PRICE.name: "What a piece was sold for on average.",
}


@dataclass(frozen=True)
class Term:
    """A figure: its name, what it means, and how it is computed, if it is."""

    name: str
    meaning: str
    formula: str = ""

    @property
    def anchor(self) -> str:
        """Where `/help#…` finds it."""
        return self.name.lower().replace(" %", "-margin").replace(" ", "-")


@pages.get("/help")
def show() -> str:
    """All terms, in the order of the profit and loss."""
    takes_no_parameters()
    dashboard = current.settings().dashboard
    return render_template(
        "help/show.html", amounts=amounts(), ratios=[Term(ratio.name, MEANINGS[ratio.name], formula_of(ratio))
                                                     for ratio in RATIOS],
        green=f"{dashboard.margin_green:g}", orange=f"{dashboard.margin_orange:g}",
        fall=f"{FALL * 100:g}", floor=f"{FLOOR} {dashboard.currency}",
    )


def meaning_of(name: str) -> str:
    """What a figure is, in the words of the help."""
    groups = {**dict.fromkeys(PLATFORM_FEES, "platform fees"), **dict.fromkeys(ADVERTISING, "advertising")}
    return MEANINGS.get(groups.get(name, name), "A metric of your files, kept as it was imported.")


def amounts() -> list[Term]:
    """Net revenue, each cost and each margin, as `domain.profit.STAGES` computes them."""
    groups = {
        CM1: (NET_COGS, (NET_COGS,)), CM2: ("platform fees", PLATFORM_FEES), CM3: ("advertising", ADVERTISING),
        OPERATING_PROFIT: (OVERHEADS, (OVERHEADS,)),
    }
    found, before = [Term(NET_REVENUE, MEANINGS[NET_REVENUE]), Term(NET_UNITS, MEANINGS[NET_UNITS])], NET_REVENUE
    for stage in STAGES:
        name, costs = groups[stage.margin]
        formula = " + ".join(costs) if len(costs) > 1 else ""
        found.append(Term(name[:1].upper() + name[1:], MEANINGS[name], formula))
        found += [Term(other, MEANINGS[other]) for other in (*stage.costs, *stage.gains) if other not in costs]
        taken = "".join(f" {MINUS} {cost}" for cost in stage.costs) + "".join(f" + {gain}" for gain in stage.gains)
        found.append(Term(stage.margin, MEANINGS[stage.margin], f"{before}{taken}"))
        before = stage.margin
    return found


def formula_of(ratio: Ratio) -> str:
    """`(Marketing + SEM costs) ÷ Net revenue × 100`"""
    parts = " + ".join(ratio.parts) + "".join(f" {MINUS} {part}" for part in ratio.minus)
    whole = f"({parts})" if len(ratio.metrics) > 2 else parts
    return f"{whole} {OVER} {ratio.base}" + (f" {TIMES} 100" if ratio.percent else "")
