"""No advice that does not work: each switch that a message of the importer names is given, and does what was said."""

from __future__ import annotations

import ast
import datetime
import re
from pathlib import Path

import pytest

from commands.import_files import command
from database.imports.report import ImportReport
from domain.errors import Refused
from tests.database.imports.conftest import HEADINGS
from tests.databases import on_one_server

ROOT = Path(__file__).resolve().parents[3]
SWITCH = re.compile(r"--[a-z]+(?:-[a-z]+)*")
WIDE = "ASIN,Brand,MP,Net revenue Jan-24,{},Net revenue Feb-24\nB0TEST0001,Acme,US,1.00,{},2.00\n"
TIDY = "ASIN,Brand,MP,Month,Net revenue,Note\nB0TEST0001,Acme,US,2024-01,1.00,{}\n"
ROW = "B0TEST0001,Acme,,US,{},{},{}\n"
TRANSACTIONS = (
    "date/time,settlement id,type,order id,sku,description,quantity,marketplace,product sales,other{},total\n"
    "2023-0{}-05,1,{},2,S,Mug,1,amazon.com,5.00,0{},{}\n"
)
SHIFT_OR_WESTERN = HEADINGS.encode() + "B0TEST0001,ﾃﾞ,,US,CM1,2024-01,1\n".encode("shift-jis")

TRIED = {
    # What the message says -> (the file, the switches, the sum that it gives with them).
    "--decimal . or --decimal ,": (HEADINGS + ROW.format("CM1", "2024-01", '"1,234"'), {"decimal": "."}, "1234.00"),
    "--date-order dmy if the day stands first, --date-order mdy": (
        HEADINGS + ROW.format("CM1", "03/04/2024", "1"), {"date_order": "dmy"}, "1.00",
    ),
    "--negative-costs turns them": (
        HEADINGS + ROW.format("Net COGS", "2024-01", "-5"), {"negative_costs": True}, "5.00",
    ),
    "--sum adds such rows up": (
        HEADINGS + ROW.format("CM1", "2024-01", "1") * 2, {"sum_rows": True}, "2.00",
    ),
    "--round rounds half to even": (HEADINGS + ROW.format("CM1", "2024-01", "1.0051"), {"round": True}, "1.01"),
    "--skip-column 'Note' leaves its column out": (TIDY.format("fine"), {"skip_columns": ("Note",)}, "1.00"),
    "leave the column out with --skip-column 'Forecast'": (
        WIDE.format("Forecast", "9"), {"skip_columns": ("Forecast",)}, "3.00",
    ),
    "leave it out with --skip-column 'Febr 2O24'": (
        "ASIN,Brand,MP,Net revenue Jan-24,Febr 2O24\nB0TEST0001,Acme,US,1.00,9\n", {"skip_columns": ("Febr 2O24",)},
        "1.00",
    ),
    "--marketplace CODE": (
        "asin,brand,metric,month,value\nB0TEST0001,Acme,CM1,2024-01,1\n", {"marketplace": "US"}, "1.00",
    ),
    "--brand NAME": (
        "asin,marketplace,metric,month,value\nB0TEST0001,US,CM1,2024-01,1\n", {"brand": "Acme"}, "1.00",
    ),
    "--status 'Odd=sold'": (
        "Order ID,Date,Status,Sales Channel,ASIN,Qty,Amount\n1,2023-05-05,Odd,Amazon.com,B0TEST0009,1,5.00\n",
        {"statuses": (("Odd", "sold"),)}, "27.00",
    ),
    "--status 'Odd type=Order'": (
        TRANSACTIONS.format("", 6, "Odd type", "", "5.00"), {"statuses": (("Odd type", "Order"),)}, "27.00",
    ),
    "--column 'Odd tax=sales_tax'": (
        TRANSACTIONS.format(",Odd tax", 7, "Order", ",1.00", "6.00"), {"columns": (("Odd tax", "sales_tax"),)}, "27.00",
    ),
    "give --month YYYY-MM and --marketplace CODE": (
        "(Child) ASIN,Units Ordered,Ordered Product Sales\nB0TEST0009,1,5.00\n",
        {"month": datetime.date(2023, 8, 1), "marketplace": "US"}, "6.00",
    ),
    "give --encoding NAME": (SHIFT_OR_WESTERN, {"encoding": "shift-jis"}, "1.00"),
}


@on_one_server
def test_each_switch_that_is_advised_does_what_is_said(take):
    for words, (content, options, total) in TRIED.items():
        with pytest.raises(Refused) as caught:
            take(content)
        assert words in "\n".join([str(caught.value), *caught.value.faults]), words
        report: ImportReport = take(content, **options)
        assert str(report.value) == total, words


def test_no_message_advises_a_switch_that_there_is_not():
    there = {option for parameter in command.params for option in parameter.opts}
    named = {
        (path.name, switch)
        for path in (ROOT / "database/imports").rglob("*.py")
        for text in texts_of(path) for switch in SWITCH.findall(text)
    }
    assert {(name, switch) for name, switch in named if switch not in there} == set()
    tried = {switch for words in TRIED for switch in SWITCH.findall(words)}
    elsewhere = {"--sheet", "--update-products", "--currency", "--source", "--json"}
    assert {switch for _, switch in named} - tried - elsewhere == set()


def texts_of(path: Path) -> list[str]:
    """The texts in a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(node.value) for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]
