"""What a person said, with one file, that a word of a report means, holds for the next file of that report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import sqlalchemy as sa

from database import schema
from database.imports.staging import ImportOptions

word = schema.amazon_word
_ABOUT = {"status": "statuses", "column": "columns"}
"""What words are about -> the option that tells it."""
_LONGEST = 120


def with_told_words(connection: sa.Connection, report: str, options: ImportOptions) -> ImportOptions:
    """The options, with what was told before where they say nothing of a word: it stands first, and the last counts."""
    rows = connection.execute(
        sa.select(word.c.about, word.c.word, word.c.meaning).where(word.c.report == report)
        .order_by(word.c.import_id, word.c.about, word.c.word)
    ).all()
    told = {
        option: (*((row.word, row.meaning) for row in rows if row.about == about), *getattr(options, option))
        for about, option in _ABOUT.items()
    }
    return dataclasses.replace(options, **told)


def words_told(options: ImportOptions, told: ImportOptions) -> Iterator[str]:
    """What the report of an import says of words that were told before: `told` are the options with them."""
    for about, option in _ABOUT.items():
        before = getattr(told, option)[: len(getattr(told, option)) - len(getattr(options, option))]
        if before:
            listed = ", ".join(f"{name} is {meaning}" for name, meaning in dict(before).items())
            yield f"told before, by --{about}: {listed}"


def remember_words(connection: sa.Connection, report: str, options: ImportOptions, import_id: int) -> None:
    """Notes, under an import, what its options say."""
    rows = [
        {"report": report, "about": about, "word": name, "import_id": import_id, "meaning": meaning}
        for about, option in _ABOUT.items() for name, meaning in dict(getattr(options, option)).items()
        if max(len(name), len(meaning)) <= _LONGEST
    ]
    if rows:
        connection.execute(sa.insert(word), rows)
