"""flask demo-data: believable synthetic data of any size, same seed same data."""

import datetime

import click

from commands import current_store, lego_command, tell_trail
from database.demo import DemoShape, load_demo
from database.journal.import_log import tell_done
from domain.months import format_month, today_utc


@lego_command("demo-data")
@click.option("--rows", type=click.IntRange(1_000, 1_000_000_000), default=1_000_000, show_default=True,
              help="About how many facts to make.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed, other figures.")
def command(rows: int, seed: int) -> None:
    """Make believable synthetic data of any size: 36 months, 40 brands, 7 marketplaces.

    The last month is the one in progress, up to yesterday. The first real import removes the demo data.
    """
    shape = DemoShape.of_size(rows, seed=seed, through=today_utc() - datetime.timedelta(days=1))
    store = current_store()
    report = load_demo(store, shape)
    # By the log pages know that these are figures of a demo.
    tell_done(store, report)
    tell_trail("file imported", report.in_a_line())
    click.echo(
        f"import {report.import_id}: {report.facts:,} facts of demo data, seed {seed}, {shape.brands} brands, "
        f"{shape.selling:,} products, {format_month(report.months[0])} to {format_month(report.months[-1])}"
    )
    click.echo("Next: flask refresh-summaries")
