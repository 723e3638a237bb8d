"""/overheads: what no sale causes, by month; and, for analysts, another one, and what there is changed, ended, removed.

What is told here is an import of its own, as if it stood in a file of one line: it is in the list of imports and in the
audit trail, figures follow with the refresh that comes with it, and it can be undone.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import re
import time
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.engines.values import Reading
from database.imports.overheads import COLUMNS
from database.queries.overheads import ToldOverhead
from database.queries.pages import OVERHEADS
from database.schema import UNASSIGNED
from domain.currencies import CODES
from domain.marketplaces import NOWHERE
from domain.moments import utc_now
from domain.months import (
    MOST_AHEAD,
    add_months,
    fault_of_month,
    format_month,
    month_name,
    month_of,
    parse_month,
    today_utc,
)
from domain.people import ANALYST
from domain.selection import Selectable
from jobs import background, tasks
from jobs.background import Step
from jobs.tasks import TAKE, UPLOAD, SentFile, Task
from machine import private_files
from web.figures.formats import COUNT, MONEY, Formats
from web.figures.notices import Note, badge_of
from web.figures.page import Page, formats_of_reader, read_asked, read_page, selectable_of
from web.figures.sheets import MONTH, TEXT, Column, Offer, Sheet, export_links
from web.figures.standing_notices import trouble_notices
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand
from web.imports.uploads import MOST_JOBS, refresh_step

pages = Blueprint("overheads", __name__)

HEADINGS = (*COLUMNS, "told")
_AMOUNT = re.compile(r"\d{1,11}(\.\d{1,2})?", re.ASCII)
_LONGEST = {"name": 200, "brand": 255}


@dataclass(frozen=True)
class OverheadRow:
    """One of them in words; `told` are the fields of the form that changes it. `state` says whether it is still to come
    or over, '' while it runs. `report` leads to the import that told it, '' for who may not see imports."""

    name: str
    amount: str
    first: str
    last: str
    state: str
    whose: str
    marketplace: str
    told: dict[str, str]
    import_id: int
    report: str


@pages.get("/overheads")
@needs_every_brand
def show() -> str:
    """All that count, and for analysts the forms."""
    return read_asked(_render)


@pages.post("/overheads/tell")
@needs(ANALYST)
@needs_every_brand
def tell() -> Response:
    """Begins to take one in, and to refresh; says what is wrong with it otherwise. An amount of 0 removes what was
    told."""
    cells = {name: request.form.get(name, "").strip() for name in COLUMNS}
    fault = _fault(cells, current.store().read(selectable_of))
    if not fault and tasks.running_count(current.settings()) >= MOST_JOBS:
        fault = "Too many files are being worked on. Try again in a minute."
    if fault:
        flash(fault, "fault")
        return redirect(url_for("overheads.show"), 303)
    is_gone = not Decimal(cells["amount"])
    words = f"{cells['name']} from {cells['from']}"
    task = _begin(f"Overhead {words}.csv".replace("/", "-"), _file_of(cells))
    whose = f" of {cells['brand']}" if cells["brand"] else ""
    amount = "removed" if is_gone else f"{cells['amount']} {cells['currency']}".rstrip()
    trail.record("overhead told", f"{words}{whose} to {cells['to'] or cells['from']}: {amount}")
    return redirect(url_for("import_uploads.show", token=task.token), 303)


def _render(reading: Reading) -> str:
    page = read_page(reading, OVERHEADS, formats=formats_of_reader())
    selectable, formats, found = page.selectable, page.formats, OVERHEADS.read(page)
    month = month_of(today_utc())
    return render_template(
        "imports/overheads.html",
        rows=[_row(each, selectable, formats, month) for each in found],
        total=_running(found, month, formats), month=format_month(month), month_words=month_name(month),
        farthest=format_month(add_months(month, MOST_AHEAD)), may_tell=identity.person().may(ANALYST),
        brands=[name for key, name in selectable.brands.items() if key != UNASSIGNED],
        marketplaces={code: words for code, words in selectable.marketplace_names.items() if code != NOWHERE},
        currencies=sorted(CODES), currency=current.settings().dashboard.currency,
        exports=export_links(page, offer), badge=badge_of(page),
        notices=[Note(words) for words in trouble_notices()],
    )


def _row(each: ToldOverhead, selectable: Selectable, formats: Formats, month: datetime.date) -> OverheadRow:
    own = dataclasses.replace(formats, currency=each.currency) if each.currency else formats
    name, brand, marketplace, first = each.identity
    state = "to come" if each.first_month > month else "over" if each.last_month < month else ""
    return OverheadRow(
        name=name, amount=own.exact(each.amount, MONEY), first=month_name(each.first_month),
        last=month_name(each.last_month), state=state, whose=brand,
        marketplace=selectable.marketplace_names.get(marketplace, marketplace),
        told={"name": name, "brand": brand, "marketplace": marketplace, "from": first,
              "to": format_month(each.last_month), "amount": f"{each.amount:f}", "currency": each.currency},
        import_id=each.import_id, report=url_for("imports.report", import_id=each.import_id),
    )


def _running(found: tuple[ToldOverhead, ...], month: datetime.date, formats: Formats) -> list[str]:
    """What the current month costs, by currency: amounts of several do not add up."""
    sums: dict[str, Decimal] = {}
    for each in found:
        if each.first_month <= month <= each.last_month:
            sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.amount
    return [
        (dataclasses.replace(formats, currency=code) if code else formats).exact(value, MONEY)
        for code, value in sorted(sums.items())
    ]


def _fault(cells: dict[str, str], selectable: Selectable) -> str:
    """What is wrong with what was typed, '' if nothing is."""
    if not cells["name"]:
        return "Name: say what it is, such as Salaries."
    for field, most in _LONGEST.items():
        if len(cells[field]) > most or not cells[field].isprintable():
            return f"{field.capitalize()}: at most {most} characters that can be printed."
    if not _AMOUNT.fullmatch(cells["amount"]):
        return f"Amount: {cells['amount'][:40]!r} is no amount; write it with a point and two decimals, like 1200.00."
    months = []
    for field in ("from", "to"):
        text = cells[field] or cells["from"]
        try:
            month = parse_month(text)
        except ValueError as error:
            return f"{field.capitalize()}: {error}."
        if impossible := fault_of_month(month, today_utc()):
            return f"{field.capitalize()}: {text} {impossible}."
        months.append(month)
    if months[1] < months[0]:
        return f"To: {cells['to']} is before it begins."
    if cells["currency"] and cells["currency"] not in CODES:
        return f"Currency: {cells['currency'][:10]!r} is no currency's code, such as EUR."
    if cells["marketplace"] and cells["marketplace"] not in selectable.marketplaces:
        return f"There is no marketplace {cells['marketplace'][:40]!r}."
    return ""


def _file_of(cells: dict[str, str]) -> bytes:
    """The file that says it. Its last column tells it from the same words at another time, which would be refused as
    the same file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerow((*(cells[name] for name in COLUMNS), utc_now().isoformat()))
    return text.getvalue().encode()


def _begin(called: str, content: bytes) -> Task:
    """A task that takes the file in and refreshes. There is nothing to look at before: its one line was just typed."""
    settings, person, token = current.settings(), identity.person(), tasks.new_token()
    folder = tasks.make_folder(settings, token, person)
    file = SentFile(1, called[-255:], len(content))
    task = Task(token, UPLOAD, person.id, time.time(), (file,), ("--format=overheads", "--decimal=."))
    with private_files.create(folder / "1.csv") as written:
        written.write(content)
    tasks.keep(settings, task)
    path = tasks.path_of(settings, task, file)
    arguments = (
        str(path.absolute()), f"--called={file.called}", "--json", "--progress", f"--wait={background.WAIT}",
        *task.options, f"--by={person.name}",
    )
    with tasks.deciding(settings, task):
        background.start(
            tasks.next_job(settings, task, TAKE), [Step(file.key, "import", arguments, removes=path), refresh_step()],
            caller=current.caller(), name=f"job {token[:8]} (overhead)",
        )
    return task


def _sheets(page: Page) -> list[Sheet]:
    return [Sheet("overheads", "Overheads", (
        Column("Name", TEXT), Column("Amount", MONEY), Column("Currency", TEXT), Column("From", MONTH),
        Column("To", MONTH), Column("Months", COUNT), Column("Brand", TEXT), Column("Marketplace", TEXT),
        Column("Import", COUNT),
    ), [
        (each.name, each.amount, each.currency or page.settings.dashboard.currency, each.first_month, each.last_month,
         each.months, each.brand, each.marketplace, each.import_id)
        for each in OVERHEADS.read(page)
    ])]


offer = Offer(OVERHEADS, _sheets, without=("metric",), compared=lambda selection: None)
