"""In which order a refresh takes up months on a cluster: so that those that are at work at once keep all nodes busy."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping

from database.engines.build import Task
from database.engines.cluster.nodes import Node


def spread(tasks: Iterable[Task], placed: Mapping[datetime.date, Node]) -> list[Task]:
    """In turn one of each node's."""
    queues: dict = {}
    for task in tasks:
        # Tasks are months, by name or with their facts, or tables of the head, which are of no node.
        month = task if isinstance(task, datetime.date) else getattr(task, "month", None)
        queues.setdefault(placed.get(month), []).append(task)
    rounds = itertools.zip_longest(*queues.values())
    return [task for round in rounds for task in round if task is not None]
