"""People and what they may do: a viewer reads and exports, an analyst also imports, an admin also manages."""

from __future__ import annotations

import re
from dataclasses import dataclass

VIEWER = "viewer"
ANALYST = "analyst"
ADMIN = "admin"
ROLES = (VIEWER, ANALYST, ADMIN)
"""From the fewest rights to the most; each may do what the ones before it may."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,149}", re.ASCII)


@dataclass(frozen=True)
class Person:
    """Someone signed in. `brands` are the ids they are limited to; None means every brand. `closed_notes` holds the
    notes that they have closed, each with the mark of what it told then: with something else to tell it is there again.
    """

    id: int
    name: str
    role: str
    brands: frozenset[int] | None = None
    closed_notes: frozenset[tuple[str, str]] = frozenset()

    def closed_at(self, note: str) -> str:
        """The mark with which this person closed a note; '' if they never did."""
        return dict(self.closed_notes).get(note, "")

    @property
    def manages_people(self) -> bool:
        """Whether this person may see and change who else there is. Their list names every brand, so nobody
        limited to some may."""
        return self.may(ADMIN) and self.brands is None

    def may(self, role: str) -> bool:
        """Whether this person has the rights of `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


def name_from(text: str) -> str:
    """A user name as it is stored: without spaces around it, in small letters."""
    return text.strip().lower()


def is_name(text: str) -> bool:
    """Whether `text` can be a user name: an address of e-mail can, a space or a control character cannot."""
    return _NAME.fullmatch(text) is not None
