"""Ordered against paid: the published bridges of the chosen months and marketplaces."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import sqlalchemy as sa

from database.schema import marketplace, summary_bridge
from domain.bridge import Bridge, together
from domain.selection import Selection

_AMOUNTS = tuple(summary_bridge.c[name] for name in Bridge.__dataclass_fields__)


@dataclass(frozen=True)
class MarketplaceBridges:
    """One marketplace by month, in `currency` ('' if nobody knows it)."""

    code: str
    currency: str
    months: tuple[tuple[datetime.date, Bridge], ...]

    @property
    def whole(self) -> Bridge:
        """All its months together."""
        return together([bridge for _, bridge in self.months])


def read_paid(connection: sa.Connection, generation: int, selection: Selection) -> tuple[MarketplaceBridges, ...]:
    """Marketplaces by code, months in order; those without orders or without payments are absent."""
    conditions = [summary_bridge.c.generation == generation, summary_bridge.c.month.in_(selection.span.months)]
    if selection.marketplaces:
        conditions.append(summary_bridge.c.marketplace.in_(selection.marketplaces))
    rows = connection.execute(
        sa.select(summary_bridge.c.marketplace, summary_bridge.c.month, *_AMOUNTS)
        .where(*conditions).order_by(summary_bridge.c.marketplace, summary_bridge.c.month)
    )
    found: dict[str, list[tuple[datetime.date, Bridge]]] = {}
    for code, month, *amounts in rows:
        found.setdefault(code, []).append((month, Bridge(*amounts)))
    if not found:
        return ()
    currencies = dict(connection.execute(sa.select(marketplace.c.code, marketplace.c.currency)).all())
    return tuple(
        MarketplaceBridges(code, currencies.get(code) or "", tuple(months)) for code, months in found.items()
    )
