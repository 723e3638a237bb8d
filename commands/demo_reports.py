"""flask demo-reports: a matching set of small Amazon reports, to try imports without a seller account."""

from pathlib import Path

import click

from commands import lego_command
from database.demo.amazon_reports import write_reports
from domain.errors import SetupError
from domain.months import format_month, today_utc


@lego_command("demo-reports")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, other figures.")
def command(folder: Path, seed: int) -> None:
    """Write small Amazon reports of a made-up seller that agree with each other, to try imports with.

    FOLDER/reports holds settlements, orders, listings, advertising, storage and unit costs of the last three complete
    months, and the orders since; FOLDER/sums.csv the figures that they give. Nothing is imported.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SetupError(f"{folder}: is there already; name a folder that is new or empty")
    try:
        written = write_reports(folder, seed=seed, today=today_utc())
    except OSError as error:
        raise SetupError(f"{folder}: cannot be written ({error.strerror})") from None
    first, last = (format_month(month) for month in (written.months[0], written.months[-1]))
    reports = folder / "reports"
    click.echo(f"{len(written.reports)} reports of {first} to {last} in {reports}, their sums in {written.sums}")
    click.echo(f"Next: flask import {reports}/* --refresh")
