"""Ports for the servers of tests: below those that the kernel hands out, so that no connection that begins meanwhile
takes one before its server does."""

from __future__ import annotations

import contextlib
import random
import socket

FIRST, LAST = 15_000, 32_000
"""Linux gives connections 32768 and above."""


def free_port(count: int = 1) -> int:
    """The first of `count` successive TCP ports on loopback that nobody listens on."""
    while True:
        # Processes of a test run choose at the same moment, from one seed or another.
        first = random.SystemRandom().randint(FIRST, LAST - count)
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
