"""flask rates takes a file or single rates in, refreshes if asked, lists what was told, and keeps the trail."""

import json

import pytest

import commands
from database.journal.audit import TrailFilter, read_trail
from flask_app import create_app
from tests.facts import add_brands, add_facts, add_products


@pytest.fixture
def runner(store):
    app = create_app(store.settings)
    yield app.test_cli_runner()
    app.extensions[commands.EXTENSION].close()


@pytest.fixture
def run(runner):
    """Runs a command and gives its exit code, stdout and stderr."""
    def ran(*words):
        outcome = runner.invoke(args=["rates", *map(str, words)])
        return outcome.exit_code, outcome.stdout, outcome.stderr
    return ran


def test_rates_come_by_file_and_by_hand_and_are_listed_with_who_told_them(runner, run, tmp_path):
    store = runner.app.extensions[commands.EXTENSION]
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    add_facts(store, [("B1", "UK", "Net revenue", "2024-01", "10.00"), ("B1", "UK", "Net revenue", "2024-02", "1.00")],
              currency="GBP")
    runner.invoke(args=["refresh-summaries"])
    path = tmp_path / "rates.csv"
    path.write_text("month,currency,rate\n2024-01,GBP,1.2931\n")
    code, out, _ = run(path, "--refresh", "--by", "ann", "--called", "bank.csv")
    assert code == 0 and "bank.csv: rates in USD, 1 new" in out and "still without a rate: GBP 2024-02" in out
    assert "Generation 2 is live" in out
    code, out, err = run("--set", "gbp", "2024-01", "1.294", "--set", "GBP", "2024-02", "1.3", "--json")
    report = json.loads(out)
    assert (code, report["changed"], report["rebuilds"], report["gaps"]) == (
        0, [{"month": "2024-01", "currency": "GBP", "from": "1.2931", "to": "1.294"}], ["2024-01", "2024-02"], [],
    )
    assert "The pages show it after: flask refresh-summaries" in err
    assert run("--remove", "GBP", "2024-02")[0] == 0
    _, out, _ = run()
    told, gap, moved = out.splitlines()
    assert told.split()[:3] == ["2024-01", "GBP", "1.294"] and told.endswith("set by hand")
    assert gap == "without a rate: GBP 2024-02"
    assert moved == "waits for a refresh: rate of GBP 2024-01 from 1.2931 to 1.294"
    assert json.loads(run("--json")[1])["gaps"] == [{"month": "2024-02", "currency": "GBP"}]
    with store.application_reading.connect() as connection:
        trail = read_trail(connection, TrailFilter(action="exchange rates changed"), start=0, limit=9)
    assert [line.detail for line in reversed(trail)] == [
        "bank.csv: GBP 2024-01 from none to 1.2931, for ann",
        "set by hand: GBP 2024-02 from none to 1.3; GBP 2024-01 from 1.2931 to 1.294",
        "set by hand: GBP 2024-02 from 1.3 to none",
    ]


@pytest.mark.parametrize("words, code, said", [
    (["--set", "GBP", "2024-13", "1.3"], 2, "rates: --set GBP: '2024-13' is not a month"),
    (["--set", "GBP", "2024-01", "0"], 2, "rates: --set GBP 2024-01 '0': is not above 0"),
    (["--set", "XXX", "2024-01", "1"], 2, "rates: --set 'XXX': is no currency's code"),
    (["--set", "USD", "2024-01", "1"], 2, "rates: --set USD: it is the reporting currency"),
    (["--set", "GBP", "2024-01", "0.77"], 4, "rates: set by hand: GBP 2024-01: 0.77 looks upside down"),
    (["--remove", "GBP", "2024-01"], 4, "rates: GBP 2024-01: nobody told a rate of it"),
    (["/nowhere.csv"], 4, "rates: /nowhere.csv: there is no such file"),
    (["/nowhere.csv", "--remove", "GBP", "2024-01"], 2, "rates: a FILE, or --set and --remove"),
])
@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_what_cannot_be_is_one_line_and_its_exit_code(run, words, code, said):
    exit_code, out, err = run(*words)
    assert exit_code == code and err.startswith(said) and len(err.splitlines()) == 1, err
