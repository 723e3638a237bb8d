"""What a file of rates says, and its records, each with as many cells as the headings."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from database.imports.csv_file import CsvFile
from database.imports.faults import LISTED, Fault
from database.rates.told import Rates


@dataclass(frozen=True)
class RatesFile:
    """The rates of a file. `until` tells, of months that it does not know to their end, the last day that it has;
    `notes` are what a person should know of how it was understood."""

    name: str
    kind: str
    rates: Rates
    notes: tuple[str, ...] = ()
    until: Mapping[datetime.date, datetime.date] = field(default_factory=dict)


def records_of(file: CsvFile) -> Iterator[tuple[int, list[str]]]:
    """The records below the headings, each with its line. Raises Refused if one has too few or too many cells, or if a
    second count finds another number of them."""
    count = 0
    for line, record in file.records():
        if len(record) < file.columns or any(cell.strip() for cell in record[file.columns :]):
            raise file.structural_refusal("cells")
        count += 1
        yield line, record
    file.check_count(count)


def refuse(file: CsvFile, faults: Sequence[Fault]) -> None:
    """Raises Refused if there are any faults."""
    if faults:
        raise file.refusal(faults[:LISTED], len(faults))


def lines_above(file: CsvFile) -> tuple[str, ...]:
    """What is said of lines that stand above the headings."""
    if not file.above:
        return ()
    words = " ".join(filter(None, dict.fromkeys(file.above[0].cells)))
    return (f"lines above the headings left out: {words[:60]}",)
