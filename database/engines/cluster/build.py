"""Building on a cluster: the statements of MariaDB, with the months spread over the nodes that hold their facts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from database.engines.build import Outcome, Task
from database.engines.mariadb.build import MysqlBuild


class SpiderBuild(MysqlBuild):
    """Builds in the head's schema from facts on data nodes."""

    sums_apart = True

    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        super().run_all(self._spread(tasks), work, undo=undo, done=done)

    def _spread(self, tasks: Iterable[Task]) -> list[Task]:
        """In turn one of each node's, so that those that are at work at once keep all nodes busy."""
        placed = self.store.months_by_node()
        queues: dict = {}
        for task in tasks:
            # Tasks are months, or tables of the head, which are of no node.
            queues.setdefault(placed.get(getattr(task, "month", None)), []).append(task)
        rounds = itertools.zip_longest(*queues.values())
        return [task for round in rounds for task in round if task is not None]
