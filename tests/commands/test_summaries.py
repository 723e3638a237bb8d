"""The summaries commands say what is live in words and in JSON, and end with the contract's codes."""

import json
import re
from decimal import Decimal

import pytest

import commands
from flask_app import create_app
from tests.facts import add_brands, add_facts, add_products


@pytest.fixture
def runner(store):
    """Runs commands of an app on an empty, prepared database."""
    app = create_app(store.settings)
    yield app.test_cli_runner()
    app.extensions[commands.EXTENSION].close()


@pytest.fixture
def shop(runner):
    """The runner's store with three facts, one of them of an excluded brand."""
    store = runner.app.extensions[commands.EXTENSION]
    add_brands(store, ("Alder", None, None), ("Surplus", None, "stock"))
    add_products(store, ("B1", 1, None), ("B2", 2, None))
    add_facts(store, [
        ("B1", "US", "CM3", "2024-01", "1.50"), ("B1", "US", "CM3", "2024-02", "2.50"),
        ("B2", "US", "CM3", "2024-02", "9"),
    ])
    return store


def test_before_the_first_refresh_summaries_names_the_command(runner):
    assert "flask refresh-summaries" in runner.invoke(args=["summaries"]).output


def test_every_night_before_the_first_import_ends_well(runner):
    for words in (["refresh-summaries"], ["refresh-summaries", "--full"], ["refresh-summaries", "--plan"]):
        outcome = runner.invoke(args=words)
        assert (outcome.exit_code, outcome.stderr) == (0, "")
        assert outcome.stdout == (
            "Nothing to do: there are no facts yet; flask import FILE imports yours, flask demo-data makes some to "
            "try.\n"
        )
    for words in (["refresh-summaries", "--quiet"], ["doctor", "--quiet"], ["send-notices"]):
        outcome = runner.invoke(args=words)
        assert (outcome.exit_code, outcome.output) == (0, "")
    assert json.loads(runner.invoke(args=["refresh-summaries", "--json"]).stdout)["generation"] is None
    assert "no-facts-yet: There are no facts yet" in runner.invoke(args=["doctor"]).stdout


def test_a_refresh_says_what_it_did_and_what_it_left_out(runner, shop):
    outcome = runner.invoke(args=["refresh-summaries"])
    assert outcome.exit_code == 0
    first, *others = outcome.stdout.splitlines()
    assert re.fullmatch(
        r"Generation 1 is live: 2 months, 3 facts, 10 summary rows, verified to the cent, \d+\.\d s; "
        r"this command used \d+\.\d processor seconds\.", first,
    ), first
    assert others == [
        "  left out: 1 facts, sum 9.00 (excluded group); flask summaries --json has them by metric",
    ]
    assert "asin     ████████████████████ 2/2" in outcome.stderr


def test_json_holds_amounts_as_texts(runner, shop):
    outcome = json.loads(runner.invoke(args=["refresh-summaries", "--json"]).stdout)
    assert outcome["status"] == "success"
    assert outcome["processor_seconds"] > 0
    assert outcome["months"] == ["2024-01", "2024-02"]
    assert outcome["left_out"] == [{"metric": "CM3", "reason": "excluded group", "facts": 1, "value": "9.00"}]
    state = json.loads(runner.invoke(args=["summaries", "--json"]).stdout)
    assert (state["generation"], state["facts"], state["left_out_facts"]) == (1, 3, 1)
    assert state["left_out"][0]["metrics"] == [{"metric": "CM3", "facts": 1, "value": "9.00"}]
    assert {table["rows"] for table in state["tables"]} >= {2, 4}
    assert state["runs"][0]["status"] == "success"


def test_a_second_refresh_says_that_there_is_nothing_to_do(runner, shop):
    runner.invoke(args=["refresh-summaries"])
    outcome = runner.invoke(args=["refresh-summaries"])
    assert (outcome.exit_code, outcome.stdout) == (0, "Nothing to do: no month changed; generation 1 is live.\n")


def test_a_plan_is_said_and_nothing_is_done(runner, shop):
    outcome = runner.invoke(args=["refresh-summaries", "--plan"])
    assert "Full refresh of 2 of 2 months" in outcome.stdout
    assert shop.live_generation() is None
    runner.invoke(args=["refresh-summaries"])
    assert "Nothing to do" in runner.invoke(args=["refresh-summaries", "--plan"]).stdout
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1")])
    plan = json.loads(runner.invoke(args=["refresh-summaries", "--plan", "--json"]).stdout)
    assert (plan["refresh_type"], plan["months"]) == ("incremental", ["2024-02"])
    assert plan["causes"] == {"2024-02": ["import"]}
    assert plan["predicted_seconds"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--month", "2024-13"], "'2024-13' is not a month; write it like 2024-03"),
        (["--full", "--month", "2024-01"], "leave out --month"),
        (["--workers", "0"], "0 is not in the range"),
        (["--fast"], "No such option"),
    ],
)
def test_usage_that_cannot_be_meant_ends_with_2(runner, arguments, words):
    outcome = runner.invoke(args=["refresh-summaries", *arguments])
    assert outcome.exit_code == 2
    assert words in outcome.stderr


def test_rolling_back_names_the_generation_and_its_time(runner, shop):
    runner.invoke(args=["refresh-summaries"])
    assert runner.invoke(args=["rollback-summaries"]).exit_code == 4
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1")])
    runner.invoke(args=["refresh-summaries"])
    outcome = runner.invoke(args=["rollback-summaries"])
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("Generation 1 of ")


def test_the_sql_is_printed_without_a_database(runner):
    assert "RENAME TABLE" in runner.invoke(args=["refresh-summaries", "--sql"]).stdout


def test_what_is_left_out_is_one_command_away_from_its_facts(runner, tmp_path):
    store = runner.app.extensions[commands.EXTENSION]
    add_brands(store, ("Surplus", None, "stock"))
    add_products(store, ("B1", None, None), ("B2", 1, None))
    file = tmp_path / "sales.csv"
    file.write_text(
        "asin,brand,marketplace,metric,month,value\nB1,,US,CM3,2024-01,1.50\nB2,,US,CM3,2024-01,9.00\n"
        "B2,,DE,CM3,2024-02,-3.25\nB2,,\uff1d1+1,\u200b=CM,2024-03,-1.00\n"
    )
    assert runner.invoke(args=["import", str(file), "--refresh"]).exit_code == 0
    add_facts(store, [
        ("UNKNOWN", "US", "CM3", "2024-01", "4.00"), ("B1", "ALL", "CM3", "2024-01-15", "5.00"),
        ("B1", "US", "Net revenue", "2024-01", None), ("B2", "ALL", "CM3", "2024-02", None),
    ])
    runner.invoke(args=["refresh-summaries"])

    def lines(*arguments):
        outcome = runner.invoke(args=["summaries", "--left-out", *arguments, "--csv"])
        assert outcome.exit_code == 0, outcome.stderr
        heading, *rows = outcome.stdout.splitlines()
        assert heading == "fact,asin,brand,marketplace,metric,month,value,import,file"
        return [row.partition(",")[2] for row in rows]

    assert lines("excluded-group") == [
        "B2,Surplus,US,CM3,2024-01-01,9.00,1,sales.csv", "B2,Surplus,DE,CM3,2024-02-01,-3.25,1,sales.csv",
        "B2,Surplus,'\uff1d1+1,'=CM,2024-03-01,-1.00,1,sales.csv",
    ]
    assert lines("excluded group", "--month", "2024-02") == ["B2,Surplus,DE,CM3,2024-02-01,-3.25,1,sales.csv"]
    assert lines("unknown-product") == ["#999999,,US,CM3,2024-01-01,4.00,,"]
    assert lines("marketplace-all", "--month", "2024-01") == ["B1,,ALL,CM3,2024-01-15,5.00,,"]
    assert lines("no-value", "--metric", "CM3") == ["B2,Surplus,ALL,CM3,2024-02-01,,,"]
    # Every figure that the state tells is the sum of the facts that are listed for it.
    state = json.loads(runner.invoke(args=["summaries", "--json"]).stdout)["left_out"]
    assert {entry["reason"] for entry in state} == {"excluded group", "unknown product", "marketplace ALL", "no value"}
    for entry in state:
        told = runner.invoke(args=["summaries", "--left-out", entry["reason"]]).stdout.splitlines()
        assert len(told) == entry["facts"] + 1
        assert told[-1].startswith(f"{entry['facts']:,} facts, sum {Decimal(entry['value']):,}, are left out")
    assert "import 1 (sales.csv)" in runner.invoke(args=["summaries", "--left-out", "excluded-group"]).stdout
    assert "(flask summaries --left-out excluded-group)" in runner.invoke(args=["summaries"]).stdout


@pytest.mark.parametrize("arguments", [["--csv"], ["--left-out", "rain"], ["--left-out", "no-value", "--json"]])
def test_options_that_do_not_go_together_end_with_2(runner, arguments):
    assert runner.invoke(args=["summaries", *arguments]).exit_code == 2
