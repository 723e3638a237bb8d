"""What messages call by the switch of a command, in the words of the form on /imports."""

from __future__ import annotations

import re
from collections.abc import Iterable

FIELDS = {
    "--format": "Format", "--source": "Source", "--brand": "Brand", "--sheet": "Sheet", "--decimal": "Decimal mark",
    "--allow-currency": "Count one to one", "--encoding": "Encoding", "--date-order": "Dates like 3/4/2024",
    "--marketplace": "Marketplace", "--month": "Month of the file", "--currency": "Currency of the file",
    "--skip-column": "Columns to leave out", "--sum": "Add up rows", "--negative-costs": "Costs stand with a minus",
    "--round": "Round a third decimal", "--update-products": "Take names, brands, categories and statuses",
}
"""A switch -> how the form begins its field's label."""
_SWITCH = re.compile(r"--[a-z]+(?:-[a-z]+)*")


def fields_told(texts: Iterable[str]) -> tuple[str, ...]:
    """The fields of the form that messages advise, in their order."""
    found = (FIELDS.get(switch) for text in texts for switch in _SWITCH.findall(text))
    return tuple(dict.fromkeys(filter(None, found)))
