"""flask import, imports, undo-import, products: words, exit codes, the log."""

import json

import pytest
import sqlalchemy as sa

from database import schema
from flask_app import create_app
from tests.conftest import SHARED_FILES
from tests.database.imports.conftest import HEADINGS, contents, stored_facts

FIRST = HEADINGS + "A1,Acme,Toys,US,CM1,2024-01,10.50\n"


@pytest.fixture
def run(store, settings):
    """Runs a command line in the app: (exit code, stdout, stderr)."""
    runner = create_app(settings).test_cli_runner()

    def invoke(*arguments: object) -> tuple[int, str, str]:
        result = runner.invoke(args=[str(argument) for argument in arguments])
        return result.exit_code, result.stdout, result.stderr

    return invoke


@pytest.fixture
def write(tmp_path):
    def write_file(content: str, name: str):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write_file


def log_rows(store) -> list[tuple]:
    log = schema.import_log
    with store.application_reading.connect() as connection:
        return connection.execute(
            sa.select(log.c.import_id, log.c.file_name, log.c.status).order_by(log.c.id)
        ).all()


def test_of_several_files_each_stands_alone(run, store, write):
    good, bad, last = write(FIRST, "good.csv"), write(HEADINGS, "bad.csv"), write(FIRST.replace("A1", "A2"), "last.csv")
    code, out, err = run("import", good, bad, last)
    assert code == 4
    assert [row[0] for row in stored_facts(store)] == ["A1", "A2"]
    assert "good.csv: import 1; format long, source long, replace" in out
    assert "import: bad.csv: gives no fact" in err
    assert "import: 1 of 3 files refused" in err
    assert log_rows(store) == [(1, "good.csv", "done"), (None, "bad.csv", "refused"), (2, "last.csv", "done")]


def test_faults_are_listed_below_the_one_line_that_counts_them(run, write):
    code, out, err = run("import", write(FIRST + "A2,,,US,CM1,2024-01,x\nA3,,,US,CM1,soon,1\n", "bad.csv"))
    assert (code, out) == (4, "")
    assert err == (
        "import: bad.csv: 2 faults; nothing was imported\n"
        "  line 3, column value: 'x' is not a number\n"
        "  line 4, column month: 'soon' is not a month; write it like 2024-03\n"
    )


def test_options_that_exclude_each_other_are_a_usage_error(run, write):
    path = write(FIRST, "good.csv")
    assert run("import", path, "--append", "--whole-months")[0] == 2
    assert run("import", path, "--source", "")[0] == 2
    assert run("import", path, "--format", "excel")[0] == 2
    assert run("import")[0] == 2


def test_a_lock_that_is_held_ends_with_3(run, store, write):
    with store.lock("refresh 7"):
        code, _, err = run("import", write(FIRST, "good.csv"))
    assert code == 3
    assert "refresh 7 is running since" in err
    assert stored_facts(store) == []


def test_a_dry_run_leaves_no_trace_not_even_in_the_log(run, store, write):
    before = contents(store)
    code, out, _ = run("import", write(FIRST, "good.csv"), "--dry-run")
    assert (code, contents(store), log_rows(store)) == (0, before, [])
    assert out.startswith("good.csv: dry run, nothing was changed;")


def test_reports_are_to_be_had_as_json(run, write):
    code, out, _ = run("import", write(FIRST, "good.csv"), "--json")
    (report,) = json.loads(out)
    assert code == 0
    assert (report["import_id"], report["facts"], report["value"], report["months"]) == (1, 1, "10.50", ["2024-01"])


def test_imports_are_listed_and_taken_back(run, store, write):
    path = write(FIRST, "good.csv")
    assert run("imports")[1] == "Nothing was imported yet; take a file in with: flask import FILE\n"
    run("import", path)
    code, out, _ = run("undo-import", 1)
    assert (code, out) == (
        0, "Import 1 (good.csv) is undone: 1 facts, sum 10.50, are gone, 0 returned; months 2024-01.\n"
    )
    assert run("undo-import", 1)[0] == 4
    assert run("import", path)[0] == 0
    assert [line.split()[0:4:3] for line in run("imports")[1].splitlines()] == [["2", "done"], ["1", "undone"]]
    assert [row[0:3:2] for row in log_rows(store)] == [(1, "undone"), (2, "done")]


def test_the_shared_files_go_in_and_are_refreshed(run, store):
    files = sorted(SHARED_FILES.glob("wide_*.csv"))
    code, out, err = run("import", *files, "--refresh")
    assert code == 0, err
    assert "Generation 1 is live: 22 months, 12,635 facts" in out
    report = SHARED_FILES / "amazon_in_orders.csv"
    if store.traits.has_data_nodes:
        # A cluster takes no reports of lines.
        assert run("import", report)[0] == 2
        return
    code, out, _ = run("import", report, "--dry-run")
    assert code == 0 and "INR is converted into USD at each month's rate; no rate for 2020-01" in out
    assert run("import", report, "--allow-currency", "INR", "--refresh")[0] == 0


def test_products_are_named_and_assigned(run, store, write):
    run("import", write(FIRST, "good.csv"))
    path = write("asin,name,brand,category,status\nA1,Red brick,Other,,Active\nA2,Blue,Acme,Cars,\n", "products.csv")
    before = contents(store)
    dry = run("products", path, "--dry-run")
    assert contents(store) == before
    code, out, _ = run("products", path)
    assert (code, out) == (
        0, "products.csv: 2 products read, 1 new, 6 cells changed, 1 brands and 1 categories made\n"
        "  A1 brand: Acme -> Other\n  A1 name: (none) -> Red brick\n  A1 status: (none) -> Active\n"
        "  A2 brand: (none) -> Acme\n  A2 category: (none) -> Cars\n  A2 name: (none) -> Blue\n"
    )
    assert dry[1] == out.replace("made\n", "made (dry run, nothing was changed)\n")
    assert stored_facts(store) == [("A1", "Other", "Toys", "US", "CM1", "2024-01", "10.50")]
    assert run("products", path)[1].startswith("products.csv: 2 products read, 0 new, 0 cells changed")


def test_brands_get_their_category_and_group(run, store, write):
    path = write("brand;category;group\nAcme;Toys;stock\nBasic;;\n", "brands.csv")
    assert run("products", path)[0] == 0
    brand, category = schema.brand, schema.category
    with store.facts() as connection:
        rows = connection.execute(
            sa.select(brand.c.brand, category.c.category, brand.c.group)
            .join_from(brand, category, category.c.id == brand.c.category_id, isouter=True).order_by(brand.c.brand)
        ).all()
    assert rows == [("Acme", "Toys", "stock"), ("Basic", None, None)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("asin,name\nA1,x\nA1,y\n", "line 3, column asin: 'A1' stands there again; line 2 gave it first"),
        ("asin,name\n,x\n", "line 2, column asin: '' is blank"),
        ("asin,colour\nA1,red\n", "line 1: 'colour' is not one of asin, name, brand, category, status"),
        ("asin\nA1\n", "line 1: there is nothing beside the column asin"),
        ("name\nx\n", "2 faults"),
        ("asin,name\n", "has headings and no rows"),
        ("asin,name\nA1,x,y\n", "line 2: 3 cells where the headings have 2"),
        (f"asin,name\nA1,{'n' * 256}\n", "is longer than 255 characters"),
    ],
)
def test_a_bad_products_file_is_refused_whole(run, store, write, content, words):
    before = contents(store)
    code, _, err = run("products", write(content, "products.csv"))
    assert code == 4
    assert words in err
    assert contents(store) == before


def test_a_page_that_starts_it_says_who_asked_and_what_the_file_is_called_and_is_told_how_it_goes(run, store, write):
    path = write(FIRST, "1.csv")
    code, out, err = run("import", path, "--called", "january.csv", "--by", "anna", "--json", "--progress")
    assert (code, err.splitlines()[:4]) == (0, [
        "stage: waiting its turn", "stage: looking it over", "stage: reading its cells", "stage: writing its facts",
    ])
    report = json.loads(out)[0]
    assert (report["file_name"], report["by_month"]) == (
        "january.csv", [{"metric": "CM1", "month": "2024-01", "facts": 1, "value": "10.50", "currency": ""}]
    )
    assert run("import", path, "--called", "again.csv", "--by", "bert")[2].startswith(
        "import: again.csv: the same bytes were imported already, as import 1 (january.csv, "
    )
    assert run("import", write("", "2.csv"), "--called", "empty.csv")[2] == "import: empty.csv: is empty\n"
    assert run("import", path, path, "--called", "x.csv")[0] == 2
    code, out, _ = run("undo-import", 1, "--by", "carl", "--json")
    assert json.loads(out) == {
        "import_id": 1, "file_name": "january.csv", "facts": 1, "value": "10.50", "returned_facts": 0,
        "months": ["2024-01"],
    }
    log = schema.import_log
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(
            log.c.file_name, log.c.user_name, log.c.undone_by, log.c.mode, log.c.rows_read, log.c.replaced_facts
        ).order_by(log.c.id)).all()
    assert [tuple(row) for row in rows] == [
        ("january.csv", "anna", "carl", "replace", 1, 0), ("again.csv", "bert", None, None, None, None),
        ("empty.csv", None, None, None, None, None),
    ]
