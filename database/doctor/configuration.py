"""Configuration and schema: what must be right before anything else can be."""

from __future__ import annotations

from collections.abc import Iterator

from database import migrations
from database.engines.ports import Store
from domain.errors import Damaged, DatabaseUnreachable, LegoError, OutOfSpace, SchemaError
from domain.findings import HINT, SERIOUS, WARNING, Finding, of_damage
from settings import Settings


def judge_settings(settings: Settings) -> Iterator[Finding]:
    """What the settings warn of. Without a file there is nothing wrong: every setting has its default."""
    where = str(settings.source) if settings.source else "no config.ini, only variables and defaults"
    for warning in settings.warnings:
        subject, _, words = warning.partition(": ")
        said, _, advice = words.partition("; ")
        yield Finding(
            "configuration", WARNING if settings.source else HINT, f"{subject} {said}", where,
            advice or "nothing, if the defaults are meant; else write a config.ini",
            subject=subject,
        )


def judge_schema(store: Store) -> Iterator[Finding]:
    """A schema that is older or newer than the program: nothing else can be examined then."""
    try:
        migrations.check(store)
    except SchemaError as error:
        finding, _, advice = str(error).rpartition("; ")
        yield Finding("schema-version", SERIOUS, finding or str(error), "lego_schema_version", advice)
    except Damaged as error:
        yield of_damage(error)


def judge_readiness(store: Store) -> Iterator[Finding]:
    """Whether a refresh would be refused before it begins: server, tables, rights, room."""
    try:
        store.published.examine()
    except DatabaseUnreachable:
        raise
    except LegoError as error:
        finding, _, advice = str(error).partition("; ")
        ends = f"until then every refresh ends with exit code {error.exit_code}"
        check = "refresh-has-no-room" if isinstance(error, OutOfSpace) else "refresh-refused"
        yield Finding(check, SERIOUS, "A refresh cannot begin", finding, f"{advice or 'cure it'}; {ends}")
