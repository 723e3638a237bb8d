"""Looks after data nodes while work is done on them: one that is frozen answers nothing and breaks no connection, so
whoever asked it would wait for hours.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from database.engines.cluster.nodes import Node, Nodes
from domain.errors import LegoError

EVERY_SECONDS = 5.0
LOST_SECONDS = 60.0
"""A node that answers nobody for so long is given up. One that only computes for long answers others meanwhile."""


class NodeWatch:
    """Asks every node again and again. `trouble` says why one was given up; `give_up` is then called with it, once."""

    def __init__(self, nodes: Nodes, give_up: Callable[[Node], None]) -> None:
        self._nodes, self._give_up = nodes, give_up
        self._over = threading.Event()
        self.trouble: LegoError | None = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[NodeWatch]:
        """Watches until the block ends."""
        threads = [
            threading.Thread(target=self._watch, args=(node,), name=f"watch-{node.name}", daemon=True)
            for node in self._nodes.all
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            # Not waited for: one of them may be in the middle of asking a node that does not answer.
            self._over.set()

    def _watch(self, node: Node) -> None:
        silent_since = None
        while not self._over.wait(EVERY_SECONDS):
            trouble = self._nodes.trouble_of(node)
            if trouble is None:
                silent_since = None
                continue
            silent_since = silent_since or time.monotonic()
            if time.monotonic() - silent_since >= LOST_SECONDS and not self._over.is_set():
                self.trouble = trouble
                self._give_up(node)
                return
