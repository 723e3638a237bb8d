"""flask import: imports files, all or nothing per file."""

from __future__ import annotations

import datetime
import json
import threading
import time
from pathlib import Path

import click

from commands import current_store, is_terminal, lego_command, tell_trail
from database.engines.ports import Store
from database.imports.files import AUTO, FORMATS, import_file
from database.imports.report import ImportReport
from database.imports.staging import APPEND, REPLACE, WHOLE_MONTHS, ImportOptions
from database.journal.import_log import reconcile_import_log, tell_done, tell_refused
from domain.errors import Refused, SetupError
from domain.months import parse_month

WAITING = "waiting its turn"
"""What is said while another import or refresh holds the lock."""


def _month(context: click.Context, option: click.Parameter, text: str | None) -> datetime.date | None:
    try:
        return None if text is None else parse_month(text)
    except ValueError as error:
        raise SetupError(f"--month: {error}") from None


def _pairs(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    for text in texts:
        if not all(part.strip() for part in text.rpartition("=")[::2]):
            raise SetupError(f"{option.opts[0]} {text!r}: write it as NAME=WHAT")
    return tuple((text.rpartition("=")[0].strip(), text.rpartition("=")[2].strip()) for text in texts)


@lego_command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "file_format", type=click.Choice([AUTO, *FORMATS]), default=AUTO,
              help="Default: by the headings.")
@click.option("--source", help="Whose figures these are; default: the format's name.")
@click.option("--brand", help="The brand for files that have no brand column.")
@click.option("--marketplace", metavar="CODE", help="The marketplace for files that have no column for it.")
@click.option("--month", callback=_month, metavar="YYYY-MM", help="The month of a report that names none.")
@click.option("--status", "statuses", multiple=True, callback=_pairs, metavar="NAME=FATE",
              help="What became of lines of a status, or what a type is; may be repeated.")
@click.option("--column", "columns", multiple=True, callback=_pairs, metavar="NAME=WHAT",
              help="What a column of a transaction report is; may be repeated.")
@click.option("--currency", metavar="CODE|local",
              help="What amounts are in that name no currency; local: each marketplace's own.")
@click.option("--sum", "sum_rows", is_flag=True, help="Add up rows of one product, marketplace, metric and month.")
@click.option("--negative-costs", is_flag=True, help="Costs stand with a minus in the file: turn them.")
@click.option("--skip-column", "skip_columns", multiple=True, metavar="NAME",
              help="Leave this column out; may be repeated.")
@click.option("--append", is_flag=True, help="Add to what the source gave before; replace nothing.")
@click.option("--whole-months", is_flag=True, help="Replace all that the source gave for the months in the file.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark, if no cell settles it.")
@click.option("--encoding", metavar="NAME", help="windows-1252, shift-jis … for a file whose words do not tell.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]),
              help="Which of day and month stands first, if no date settles it.")
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook; default: the first of a known format.")
@click.option("--round", is_flag=True, help="Round a third decimal half to even instead of refusing it.")
@click.option("--dry-run", is_flag=True, help="Change nothing, print the same report.")
@click.option("--refresh", "then_refresh", is_flag=True, help="Refresh the summaries afterwards.")
@click.option("--update-products", is_flag=True, help="Take names, brands, categories and statuses from the file.")
@click.option("--allow-currency", multiple=True, metavar="CODE",
              help="Count amounts in this currency one to one, unconverted; may be repeated.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
@click.option("--called", metavar="NAME", help="What the one file is called on that page; default: its name.")
@click.option("--progress", "tell_progress", is_flag=True, help="Print a line per stage where no terminal is, too.")
@click.pass_context
def command(
    context, files, file_format, append, whole_months, then_refresh, wait, as_json, user_name, called, tell_progress,
    **asked,
) -> None:
    """Take CSV files and workbooks in, each all or nothing; the summaries change with the next refresh."""
    if append and whole_months:
        raise SetupError("--append adds and --whole-months replaces: give one of them")
    if called and len(files) > 1:
        raise SetupError("--called names one file; give one")
    mode = APPEND if append else WHOLE_MONTHS if whole_months else REPLACE
    options = ImportOptions(mode=mode, **asked)
    store = current_store()
    reports, refused = [], 0
    for path in files:
        line = StageLine(called or path.name, tell_progress=tell_progress)
        report = _import_one(store, path, options, file_format=file_format, wait=wait, user_name=user_name, line=line)
        refused += report is None
        if report is not None:
            reports.append(report)
            if not as_json:
                click.echo("\n".join(report.lines()))
    if as_json:
        click.echo(json.dumps([report.as_dict() for report in reports], indent=2, ensure_ascii=False))
    if reports and not options.dry_run:
        _refresh_or_say(context, then_refresh)
    if refused:
        if len(files) > 1:
            click.echo(f"import: {refused} of {len(files)} files refused", err=True)
        context.exit(Refused.exit_code)


def _import_one(
    store: Store, path: Path, options: ImportOptions, *, file_format: str, wait: float, user_name: str | None,
    line: StageLine,
) -> ImportReport | None:
    """The report, or None if the file was refused: each file stands alone, so the next one is still tried."""
    line.show(WAITING)
    with store.lock(f"import of {line.called}"[:100], wait=wait):
        reconcile_import_log(store)
        try:
            with line:
                report = import_file(
                    store, path, options, file_format=file_format, called=line.called, progress=line.show
                )
        except Refused as error:
            if not options.dry_run:
                tell_refused(store, line.called, options.source or "", error, user_name=user_name)
            click.echo(f"import: {error}", err=True)
            for fault in error.faults:
                click.echo(f"  {fault}", err=True)
            return None
        if not options.dry_run:
            tell_done(store, report, user_name=user_name)
            tell_trail("file imported", report.in_a_line(), asked_by=user_name)
        return report


def _refresh_or_say(context: click.Context, then_refresh: bool) -> None:
    if not then_refresh:
        click.echo("The pages show it after: flask refresh-summaries", err=True)
        return
    from commands.refresh_summaries import refresh_afterwards

    refresh_afterwards(context)


class StageLine:
    """On a terminal, one line that says what is being done to a file and for how long. Elsewhere nothing, or,
    where progress is to be told, a line `stage: …` for each."""

    def __init__(self, called: str, *, tell_progress: bool) -> None:
        self.called = called
        self._stage = "opening"
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True) if is_terminal() else None
        self._is_told = tell_progress and not self._thread

    def show(self, stage: str) -> None:
        """Says what begins now."""
        self._stage = stage
        if self._is_told:
            click.echo(f"stage: {stage}", err=True)

    def __enter__(self) -> StageLine:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
            click.echo("\r\x1b[2K", nl=False, err=True)

    def _draw(self) -> None:
        while not self._over.wait(0.5):
            seconds = time.monotonic() - self._began
            click.echo(f"\r\x1b[2K{self.called}: {self._stage}, {seconds:.0f} s", nl=False, err=True)
