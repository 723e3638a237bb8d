"""Rules and notices as the page of rules shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from database.engines.values import Reading
from database.notices.outbox import DELIVERED, GIVEN_UP, Delivery
from database.notices.rules import EVERYTHING, KeptRule, Names, read_names, standings
from domain.metrics import DOWN_TO_CM3
from domain.months import add_months, moment_words, month_name
from domain.notices import KIND_WORDS, MAIL, Notice
from domain.rules import MONTHS_BACK, POINTS, RATIOS, Rule, Standing, rule_words
from domain.selection import Selectable
from web.figures.formats import Formats
from web.figures.page import selectable_of

CROSSED, KEPT, UNKNOWN = "refused", "done", "hint"
"""How a rule stands, as the colour of its tag."""
_STATE_WORDS = {CROSSED: "crossed", KEPT: "not crossed", UNKNOWN: "no figure"}
_DELIVERED_STATES = {DELIVERED: "done", GIVEN_UP: "refused"}


@dataclass(frozen=True)
class RuleView:
    """A rule in words, its figure in the last complete month, and whether it is crossed there."""

    id: int
    words: str
    figure: str
    month: str
    compared: str
    state: str
    state_words: str
    by: str


@dataclass(frozen=True)
class DeliveryView:
    """How a channel took a notice."""

    channel: str
    state: str
    words: str
    trouble: str


@dataclass(frozen=True)
class NoticeView:
    """A notice of late, its whole text, and how it got out."""

    kind: str
    subject: str
    body: str
    noted: str
    noted_iso: str
    deliveries: list[DeliveryView]


@dataclass(frozen=True)
class Choices:
    """What a rule may be about: figures, and what they are of, by the word that the form sends."""

    figures: tuple[str, ...]
    categories: Mapping[str, str]
    brands: Mapping[str, str]

    @property
    def whose(self) -> dict[str, str]:
        """All of it together, word -> name."""
        return {"all": EVERYTHING, **self.categories, **self.brands}


@dataclass(frozen=True)
class Published:
    """What the live generation tells of rules: choices, names, and how the rules stand."""

    choices: Choices
    names: Names
    standings: list[Standing]


UNPUBLISHED = Published(Choices((*DOWN_TO_CM3, *RATIOS), {}, {}), Names({}, {}), [])
"""Before the first refresh."""


def published_of(reading: Reading, kept: Iterable[KeptRule]) -> Published:
    """What the generation that is read tells; names too of what has no figures any more."""
    selectable, names = selectable_of(reading), read_names(reading)
    return Published(_choices(selectable, names, kept), names, standings(reading, [each.rule for each in kept]))


def word_of(rule: Rule) -> str:
    """What a rule is about, as the form sends it: `all`, `category-3` or `brand-12`."""
    if rule.brand_id is not None:
        return f"brand-{rule.brand_id}"
    return f"category-{rule.category_id}" if rule.category_id is not None else "all"


def rule_views(kept: Iterable[KeptRule], published: Published, formats: Formats) -> list[RuleView]:
    """Every rule, with its standing if there is any."""
    kept = list(kept)
    found: list[Standing | None] = [*published.standings] or [None] * len(kept)
    return [_rule_view(each, standing, published.names, formats) for each, standing in zip(kept, found, strict=True)]


def rule_in_words(rule: Rule, names: Names, formats: Formats) -> str:
    """The rule as the reader's locale writes figures."""
    return rule_words(rule, names.whose(rule), lambda value, kind: _write(value, kind, formats))


def notice_views(recent: Iterable[tuple[Notice, list[Delivery]]]) -> list[NoticeView]:
    """The notices with their deliveries."""
    return [
        NoticeView(
            KIND_WORDS.get(notice.kind, notice.kind), notice.subject, notice.body, moment_words(notice.noted_at),
            f"{notice.noted_at.isoformat(timespec='seconds')}Z", [_delivery_view(delivery) for delivery in deliveries],
        )
        for notice, deliveries in recent
    ]


def _choices(selectable: Selectable, names: Names, kept: Iterable[KeptRule]) -> Choices:
    categories = {f"category-{number}": name for number, name in selectable.categories.items()}
    brands = {f"brand-{number}": name for number, name in selectable.brands.items()}
    for rule in (each.rule for each in kept):
        of = brands if rule.brand_id is not None else categories
        if word_of(rule) != "all":
            of.setdefault(word_of(rule), names.whose(rule))
    own = [each.rule.figure for each in kept]
    figures = dict.fromkeys([*(selectable.metrics or DOWN_TO_CM3), *selectable.balances, *RATIOS, *own])
    return Choices(tuple(figures), categories, brands)


def _rule_view(kept: KeptRule, standing: Standing | None, names: Names, formats: Formats) -> RuleView:
    rule = kept.rule
    is_known = standing is not None and (standing.change if rule.is_change else standing.value) is not None
    state = UNKNOWN if not is_known else CROSSED if standing.is_crossed else KEPT
    return RuleView(
        kept.id, rule_in_words(rule, names, formats), _write(standing.value if standing else None, rule.kind, formats),
        month_name(standing.month) if standing else "", _compared(standing, formats), state, _STATE_WORDS[state],
        f"{kept.changed_by}, {moment_words(kept.changed_at)}",
    )


def _compared(standing: Standing | None, formats: Formats) -> str:
    """`down 50.0% from $2,000.00 in Sep 2025`."""
    if standing is None or not standing.rule.is_change:
        return ""
    rule = standing.rule
    earlier = month_name(add_months(standing.month, -MONTHS_BACK[rule.comparison]))
    if standing.change is None:
        return f"no figure in {earlier}"
    way = "down" if standing.change < 0 else "up"
    return (
        f"{way} {_write(abs(standing.change), rule.line_kind, formats)} from "
        f"{_write(standing.before, rule.kind, formats)} in {earlier}"
    )


def _write(value: Decimal | None, kind: str, formats: Formats) -> str:
    return formats.points(value) if kind == POINTS else formats.exact(value, kind)


def _delivery_view(delivery: Delivery) -> DeliveryView:
    tries = f", {delivery.attempts} attempts" if delivery.attempts > 1 else ""
    if delivery.state == DELIVERED:
        words = f"delivered {moment_words(delivery.delivered_at)}{tries}"
    elif delivery.state == GIVEN_UP:
        words = f"given up{tries}"
    elif delivery.attempts:
        words = f"again from {moment_words(delivery.next_attempt_at)}{tries}"
    else:
        words = "not tried yet"
    return DeliveryView(
        "E-mail" if delivery.channel == MAIL else "Webhook", _DELIVERED_STATES.get(delivery.state, "warning"), words,
        delivery.last_error,
    )
