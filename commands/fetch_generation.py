"""flask fetch-generation: takes the live generation of the dashboard that refreshes into this machine's folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import click

from commands import current_store, is_terminal, lego_command, note_generation
from database.engines.ports import TakingIn
from database.engines.values import GenerationFile
from delivery.fetching import OtherDashboard
from domain.errors import GenerationGone, Refused, SetupError

VARIABLE = "LEGO_FETCH_TOKEN"
TRIES = 3
"""A refresh may clear away what was to be fetched."""
EVERY = 5
"""Seconds between two lines of progress."""


@lego_command("fetch-generation")
@click.argument("url")
@click.option("--token-file", type=click.Path(path_type=Path), help=f"Read the token from FILE, not from {VARIABLE}.")
def command(url: str, token_file: Path | None) -> None:
    """Make the live generation of the dashboard at URL live here, too, where summaries are files. The token is that of
    an analyst or admin there who is limited to no brands: from --token-file, or the variable LEGO_FETCH_TOKEN."""
    other = OtherDashboard(url, _token(token_file))
    with current_store().published.taking_in() as taking:
        for _ in range(TRIES):
            try:
                file, done = _follow(other, taking)
            except GenerationGone:
                continue
            note_generation(file.generation)
            click.echo(f"Generation {file.generation} of {file.published_at} is live{done}")
            return
    raise Refused(f"{url}: each generation was gone before it was fetched; run it again; what was live still is")


def _follow(other: OtherDashboard, taking: TakingIn) -> tuple[GenerationFile, str]:
    """Makes live what is live there; returns what that is, and how it came to be."""
    file = other.live()
    if taking.is_live(file):
        return file, " already; nothing to do."
    if taking.go_back(file):
        return file, " again, as there."
    taking.take_in(file, other.pieces(file, _progress(file)))
    return file, f": {file.bytes / 2**20:,.1f} MiB fetched."


def _token(path: Path | None) -> str:
    if path is None:
        token, source = os.environ.get(VARIABLE, ""), f"the variable {VARIABLE}"
    else:
        source = str(path)
        try:
            if path.stat().st_mode & 0o077:
                raise SetupError(f"{path}: others may read it, and it holds a token; run: chmod 600 {path}")
            with path.open(encoding="utf-8", errors="replace") as file:
                token = file.read(1000)
        except OSError as error:
            raise SetupError(f"{path}: cannot be read ({error.strerror})") from None
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SetupError(f"{source} holds no token; make one there: flask create-token NAME --label LABEL")
    return token


def _progress(file: GenerationFile) -> Callable[[int], None]:
    told = time.monotonic()

    def note(came: int) -> None:
        nonlocal told
        if is_terminal() and time.monotonic() - told >= EVERY:
            told = time.monotonic()
            click.echo(
                f"{came / 2**20:,.0f} of {file.bytes / 2**20:,.0f} MiB ({came * 100 // max(file.bytes, 1)} %)", err=True
            )

    return note
