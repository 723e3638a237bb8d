"""Generations: whether the live one, and those that are kept beside it, can be read as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from database.engines.ports import Store
from database.summaries.mending import mend
from domain.findings import SERIOUS, WARNING, Finding, listed


def judge_generations(store: Store) -> Iterator[Finding]:
    """What is lost of them. Figures can be made again of the facts; until then pages show none, or older ones."""
    fault = store.published.live_fault()
    if fault:
        evidence, _, _ = fault.partition("; ")
        yield Finding(
            "generation-lost", SERIOUS, "The live figures cannot be read, so pages show none", evidence,
            "flask refresh-summaries --full builds them anew from the facts, which are not touched by it; until then "
            "flask doctor --fix shows those of the generation before, if that can be read",
            cure=lambda: mend(store) or "it can be read again",
        )
    earlier = store.published.unreadable_earlier()
    if earlier:
        yield Finding(
            "earlier-generation-lost", WARNING, "An earlier generation cannot be read, so nobody can go back to it",
            listed(earlier), "flask refresh-summaries --full: what is live now becomes the earlier one then",
        )
