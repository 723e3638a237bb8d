"""What a reader must know about the figures of every page that no generation tells: what is not in them yet."""

from __future__ import annotations

from database.catalogue_changes import waiting_changes
from database.engines.base import Generation
from domain.people import Person
from web import current


def standing_notices(live: Generation) -> tuple[str, ...]:
    """Sentences, most important first. They belong into the key under which a page is kept."""
    person = current.person()
    return _waiting(live, person)


def _waiting(live: Generation, person: Person | None) -> tuple[str, ...]:
    scope = person.brands if person else None
    count = len(waiting_changes(current.store(), live, scope=scope))
    if not count:
        return ()
    if count == 1:
        return ("A change to the catalogue is waiting: the figures follow it with the next refresh.",)
    return (f"{count} changes to the catalogue are waiting: the figures follow them with the next refresh.",)
