"""The report of one join: what it renames or moves, by counts and sums; as text and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from database.names.archived import ArchivedFacts
from database.names.facts import Tally
from database.names.kinds import METRIC, Names
from domain.currencies import SEVERAL
from domain.metrics import canonical_metric, is_money
from domain.months import format_month, month_of, runs_of_months
from domain.spelling import spelled_out


@dataclass(frozen=True)
class JoinReport:
    """Everything a person should know of one join. `import_id` is None for a dry run. `moved`, `there`: facts under the
    name that goes and the one that stays; `kept`: what undo of earlier imports keeps under the name that goes.
    `products` is None where a join moves none. `obstacles` are what stands in its way."""

    names: Names
    import_id: int | None
    moved: Tally
    there: Tally
    kept: Tally
    archived: tuple[ArchivedFacts, ...]
    products: int | None
    obstacles: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def facts(self) -> int:
        """How many facts are renamed."""
        return sum(facts for facts, _ in self.moved.values())

    @property
    def value(self) -> Decimal | None:
        """Their sum, all metrics; None if they are in several currencies."""
        return _value(self.moved)

    @property
    def months(self) -> list[str]:
        """The months whose facts are renamed, `YYYY-MM`."""
        return sorted({format_month(month) for _, month, _ in self.moved})

    def as_import(self, import_id: int) -> JoinReport:
        """The same, once it is done."""
        return dataclasses.replace(self, import_id=import_id)

    def in_a_line(self) -> str:
        """`import 3: metric: COGS -> Net COGS, 12 facts`."""
        moved = f"{self.products:,} products" if self.products is not None else f"{self.facts:,} facts"
        return f"import {self.import_id}: {self.names.words}, {moved}"

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-able values: money as text, months as YYYY-MM."""
        return {
            "kind": self.names.kind, "from": self.names.old, "into": self.names.new, "import_id": self.import_id,
            "same_name": self.names.are_same, "facts": self.facts, "value": _told(self.value), "months": self.months,
            "metrics": [
                {"metric": metric, "facts": moved[0], "value": str(moved[1]), "facts_there": there[0],
                 "value_there": str(there[1]), "value_together": str(moved[1] + there[1]),
                 **({"currency": code} if code else {})}
                for metric, code, moved, there in self._by_metric()
            ],
            "kept_facts": sum(facts for facts, _ in self.kept.values()), "kept_value": _told(_value(self.kept)),
            "archived": [
                {"month": format_month(each.month), "facts": each.facts, "value": str(each.value),
                 "kept_facts": each.replaced_facts} for each in self.archived
            ],
            "products": self.products, "obstacles": list(self.obstacles), "notes": list(self._all_notes()),
        }

    def lines(self) -> list[str]:
        """The report as lines for a terminal."""
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        head = "dry run, nothing was changed" if self.import_id is None else f"import {self.import_id}"
        yield f"{self.names.words}: {head}"
        if self.names.renaming:
            span = f", {runs_of_months({month_of(month) for _, month, _ in self.moved})}" if self.moved else ""
            yield f"  renamed   {self.facts:,} facts, {sum_words(self.moved)}{span}"
            for metric, code, moved, there in self._by_metric():
                yield (
                    f"    {spelled_out(metric) or '(no metric)'}{f' in {code}' if code else ''}: {moved[0]:,} facts, "
                    f"sum {moved[1]:,.2f}; with {there[0]:,} facts, sum {there[1]:,.2f}, that are there: "
                    f"{moved[1] + there[1]:,.2f}"
                )
            kept = sum(facts for facts, _ in self.kept.values())
            yield f"  undo      keeps {kept:,} facts of that name, {sum_words(self.kept)}: renamed as well"
        if self.products is not None:
            yield f"  moved     {self.products:,} products"
        for each in self.archived:
            yield (
                f"  archived  {format_month(each.month)}: {each.facts:,} facts, sum {each.value:,.2f}, and "
                f"{each.replaced_facts:,} that undo keeps"
            )
        for note in self._all_notes():
            yield f"  note      {note}"
        for obstacle in self.obstacles:
            yield f"  in the way  {obstacle}"

    def _by_metric(self) -> Iterator[tuple[str, str, tuple[int, Decimal], tuple[int, Decimal]]]:
        """Metric, currency, what is renamed, what is there under the name that stays."""
        renaming = self.names.renaming
        moved, there = (_sums(each) for each in (renaming.after(self.moved) if renaming else {}, self.there))
        for key in sorted(moved):
            yield *key, moved[key], there.get(key, (0, Decimal(0)))

    def _all_notes(self) -> Iterator[str]:
        if not self.names.are_same:
            yield "files that use these names do not mean one: they are joined because you say so"
        if self.names.kind == METRIC and (canonical := canonical_metric(self.names.new)) != self.names.new:
            yield f"files that say {spelled_out(self.names.new)} are imported as {spelled_out(canonical)}"
        yield from self.notes


def code_of_tally(found: Tally) -> str:
    """The currency of what was counted, '' for the dashboard's, * for several."""
    codes = _by_code(found)
    return SEVERAL if len(codes) > 1 else next(iter(codes), "")


def sum_words(found: Tally) -> str:
    """`sum 1,234.00`, or that of each currency: nothing is added up across them."""
    codes = _by_code(found)
    if len(codes) < 2:
        return f"sum {_value(found):,.2f} {next(iter(codes), '')}".rstrip()
    each = (f"{value:,.2f} {code or 'in the currency of the dashboard'}" for code, value in sorted(codes.items()))
    return f"sums {', '.join(each)}"


def _sums(found: Tally) -> dict[tuple[str, str], tuple[int, Decimal]]:
    sums: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for (metric, _, code), (facts, value) in found.items():
        known = sums.get((metric, code), (0, Decimal(0)))
        sums[metric, code] = (known[0] + facts, known[1] + value)
    return sums


def _by_code(found: Tally) -> dict[str, Decimal]:
    codes: dict[str, Decimal] = {}
    for (metric, _, code), (_, value) in found.items():
        if code or is_money(metric):
            codes[code] = codes.get(code, Decimal(0)) + value
    return codes


def _value(found: Tally) -> Decimal | None:
    return None if len(_by_code(found)) > 1 else sum((value for _, value in found.values()), Decimal(0))


def _told(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
