"""How long a refresh should take, from runs that were."""

from __future__ import annotations

import statistics

from database.engines.ports import Store
from database.journal.run_log import FULL, usual_seconds
from database.summaries.changes import Plan


def predicted_seconds(store: Store, plan: Plan) -> float | None:
    """The median rate of like runs times what there is to do; None if there is no run to go by.

    A full run's time goes with its facts; a few months are estimated as their share of a full run,
    never less than the quickest like run took."""
    if plan.is_idle:
        return 0.0
    full = usual_seconds(store, FULL)
    if plan.refresh_type == FULL:
        return statistics.median(seconds for seconds, _ in full) if full else None
    like = usual_seconds(store, plan.refresh_type)
    if not full:
        return statistics.median(seconds for seconds, _ in like) if like else None
    share = len(plan.rebuild) / max(len(plan.present), 1)
    estimate = share * statistics.median(seconds for seconds, _ in full)
    return max(estimate, min((seconds for seconds, _ in like), default=0.0))
