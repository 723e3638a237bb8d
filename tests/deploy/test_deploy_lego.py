"""deploy_lego.sh as its user runs it: real packages, a real gunicorn, a folder with a space in its path."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import sqlite3
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.deploy.clone import Clone, sign_in, steps_of

BEFORE_FACTS = ["packages", "settings", "port", "code", "schema", "contents", "admin", "trial"]
EVERY_TIME = ["packages", "settings", "code", "schema", "contents", "summaries", "trial"]


def test_the_first_deployment_names_every_step_with_its_seconds(first_output: str, clone: Clone) -> None:
    assert steps_of(first_output) == [
        "packages", "settings", "port", "code", "schema", "contents", "demo data", "summaries", "admin", "trial",
        "start",
    ]
    assert f"http://127.0.0.1:{clone.port}   serves after" in first_output


def test_the_readme_shows_what_a_first_deployment_prints(first_output: str, clone: Clone) -> None:
    readme = (clone.folder / "README.md").read_text(encoding="utf-8")
    (sample,) = re.findall(r"^    (LEGO Dashboard in .*?shown only now: …)$", readme, re.MULTILINE | re.DOTALL)
    sample = textwrap.dedent(f"    {sample}").replace("/home/anna/lego", str(clone.folder))
    sample = sample.replace("8000", str(clone.port))
    shown, printed = ([same_everywhere(line) for line in text.strip().splitlines()] for text in (sample, first_output))
    assert len(shown) == len(printed)
    for line, found in zip(shown, printed, strict=True):
        assert re.fullmatch(re.escape(line).replace("…", ".*"), found), (line, found)


def same_everywhere(line: str) -> str:
    """Without what the machine decides: seconds and the version of Python."""
    return re.sub(r"Python [\d.]+", "Python", re.sub(r"(?:after)? +\d+\.\d s", " seconds", line))


def test_the_first_deployment_makes_an_admin_who_can_sign_in(first_output: str, deployed: Clone) -> None:
    (password,) = re.findall(r"Password, shown only now: (\S+)", first_output)
    assert first_output.count(password) == 1
    cookie = sign_in(deployed, password)
    assert deployed.get("/dashboard", {"Cookie": cookie})[0] == 200


def test_the_first_deployment_publishes_a_million_demo_facts(deployed: Clone) -> None:
    assert 990_000 < deployed.summaries()["facts"] < 1_010_000


def test_what_it_makes_is_readable_by_its_owner_alone(deployed: Clone) -> None:
    (facts := deployed.folder / "facts.csv").write_text(
        "asin,brand,marketplace,metric,month,value\nB1,Bricks,US,Net units,2024-01,1.00\n", encoding="utf-8"
    )
    assert deployed.flask("import", str(facts), "--dry-run").returncode == 0
    for address in ("/login", "/static/css/base.css"):
        deployed.get(address, {"Accept-Encoding": "gzip"})
    instance = deployed.folder / "instance"
    found = {path: path.stat().st_mode & 0o777 for path in (instance, *instance.rglob("*"))}
    assert len(found) > 10
    private = {True: 0o700, False: 0o600}
    assert {str(path): oct(mode) for path, mode in found.items() if mode != private[path.is_dir()]} == {}


def test_two_deployments_at_once_drop_no_request_touch_no_data_and_the_second_says_that_it_waits(
    deployed: Clone
) -> None:
    before, process = deployed.summaries(), pid_of(deployed)
    workers = children(process)
    with deployed.visited() as answers:
        both = [deployed.start(), deployed.start()]
        outputs = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted("waiting for it" in output for output, _ in outputs) == [False, True]
    for output, errors in outputs:
        assert errors == ""
        assert steps_of(output) == [*EVERY_TIME, "reload"]
        assert "assword" not in output
    assert set(answers) == {"200"}
    assert len(answers) > 100
    after = deployed.summaries()
    assert [after["runs"].pop(0)["status"] for _ in both] == ["nothing to do"] * 2
    assert after == before
    assert pid_of(deployed) == process
    assert not workers & children(process)


def test_what_happens_in_the_repository_changes_nothing_for_the_app_that_runs(deployed: Clone) -> None:
    program, process = deployed.folder / "flask_app.py", pid_of(deployed)
    sound, templates = program.read_text(encoding="utf-8"), deployed.folder / "templates"
    (worker, *_) = before = children(process)
    # As a pull in the middle of the day, before anybody deploys.
    program.write_text("import nothing_of_this_name\n", encoding="utf-8")
    templates.rename(aside := deployed.folder / "templates aside")
    try:
        os.kill(int(worker), signal.SIGTERM)
        await_that(lambda: len(children(process) - {worker}) == len(before))
        os.kill(process, signal.SIGHUP)
        await_that(lambda: not before & children(process) and len(children(process)) == len(before))
        paths = ("/login", "/readyz", "/static/css/base.css")
        assert {deployed.get(path)[0] for path in paths for _ in before} == {200}
        assert deployed.run("status").returncode == 0
    finally:
        aside.rename(templates)
        program.write_text(sound, encoding="utf-8")


def test_only_the_copy_that_is_served_is_kept(deployed: Clone) -> None:
    copies, program = deployed.folder / ".releases", deployed.folder / "flask_app.py"
    sound, before = program.read_text(encoding="utf-8"), (copies / "current").readlink()
    for text in (f"{sound}# This line is new.\n", sound):
        program.write_text(text, encoding="utf-8")
        assert deployed.run().returncode == 0
        current = (copies / "current").readlink()
        assert {path.name for path in copies.iterdir()} == {"current", str(current)}
        assert (copies / current / "flask_app.py").read_text(encoding="utf-8") == text
        assert (current == before) == (text == sound)


def test_code_that_cannot_start_is_named_before_the_reload_and_the_old_app_serves_on(deployed: Clone) -> None:
    workers, served = children(pid_of(deployed)), (deployed.folder / ".releases/current").readlink()
    broken = deployed.folder / "web/serving/health.py"
    sound = broken.read_text(encoding="utf-8")
    broken.write_text("import nothing_of_this_name\n", encoding="utf-8")
    try:
        done = deployed.run()
    finally:
        broken.write_text(sound, encoding="utf-8")
    assert done.returncode != 0
    assert done.stderr.startswith("deploy_lego.sh: step 'trial' failed")
    assert "nothing_of_this_name" in done.stderr
    assert f"The dashboard that was running still is (process {pid_of(deployed)})." in done.stderr
    assert deployed.get("/readyz")[0] == 200
    assert children(pid_of(deployed)) == workers
    assert (deployed.folder / ".releases/current").readlink() == served


def test_workers_that_cannot_boot_are_found_by_the_trial(deployed: Clone) -> None:
    configuration = deployed.folder / "gunicorn.conf.py"
    sound = configuration.read_text(encoding="utf-8")
    configuration.write_text(sound + "\ndef post_worker_init(worker):\n    raise RuntimeError('no boot')\n")
    try:
        done = deployed.run()
    finally:
        configuration.write_text(sound, encoding="utf-8")
    assert done.stderr.startswith("deploy_lego.sh: step 'trial' failed (exit 2): the app stopped while it was starting")
    assert "no boot" in done.stderr
    assert deployed.get("/readyz")[0] == 200


def test_code_older_than_the_schema_is_refused_by_name_and_the_app_that_runs_is_untouched(deployed: Clone) -> None:
    process, served = pid_of(deployed), (deployed.folder / ".releases/current").readlink()
    workers, before = children(process), deployed.summaries()
    known = set_schema_version(deployed, "9999")
    try:
        with deployed.visited() as answers:
            done = deployed.run()
            by_cron = deployed.flask("refresh-summaries", "--full")
    finally:
        set_schema_version(deployed, known)
    words = (
        f"the database has schema 9999, newer than this program, which knows {known}; go on with the version of "
        "the program that made it, or put back a backup from before it: flask restore FILE --replace\n"
    )
    assert (done.returncode, done.stderr) == (2, (
        f"deploy_lego.sh: step 'schema' failed (exit 2): init-db: {words}"
        f"The dashboard that was running still is (process {process}).\n"
    ))
    assert (by_cron.returncode, by_cron.stderr) == (2, f"refresh-summaries: {words}")
    assert set(answers) == {"200"}
    assert (pid_of(deployed), children(process)) == (process, workers)
    assert (deployed.folder / ".releases/current").readlink() == served
    assert deployed.summaries() == before


def set_schema_version(clone: Clone, version: str) -> str:
    """Makes the clone's databases those of that version; returns which one they had."""
    with sqlite3.connect(clone.folder / "instance/application.sqlite") as application:
        ((known,),) = application.execute("SELECT version_num FROM lego_schema_version").fetchall()
        application.execute("UPDATE lego_schema_version SET version_num = ?", [version])
    with duckdb.connect(clone.folder / "instance/facts.duckdb") as facts:
        facts.execute("UPDATE lego_schema_version SET version_num = ?", [version])
    return known


def test_packages_that_cannot_be_had_change_nothing(deployed: Clone) -> None:
    environment = (deployed.folder / ".venv").readlink()
    requirements = deployed.folder / "requirements.txt"
    sound = requirements.read_text(encoding="utf-8")
    requirements.write_text(sound + "./no-such-package.whl\n", encoding="utf-8")
    try:
        done = deployed.run()
    finally:
        requirements.write_text(sound, encoding="utf-8")
    assert done.returncode != 0
    assert done.stderr.startswith("deploy_lego.sh: step 'packages' failed")
    assert "The dashboard that was running still is" in done.stderr
    assert (deployed.folder / ".venv").readlink() == environment
    assert deployed.get("/readyz")[0] == 200


def test_status_names_process_and_address(deployed: Clone) -> None:
    done = deployed.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"LEGO Dashboard is running: process {pid_of(deployed)}, since " in done.stdout
    assert done.stdout.endswith(f"http://127.0.0.1:{deployed.port} is ready\n")


def test_logs_show_what_the_app_wrote(deployed: Clone) -> None:
    deployed.get("/login?from=here")
    done = deployed.run("logs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Listening at: " in done.stdout or "/login" in done.stdout


def test_a_port_of_another_program_is_refused_before_anything_is_made(beside: Clone) -> None:
    with socket.create_server(("127.0.0.1", beside.port)):
        done = beside.run()
    assert done.returncode == 2
    assert done.stderr == (
        f"deploy_lego.sh: step 'port' failed (exit 2): port {beside.port} on 127.0.0.1 cannot be had "
        "(address already in use): stop the program that has it, or give another port in config.ini, [web] port\n"
    )
    assert not (Path(beside.variables["LEGO_DATABASE_PATH"]) / "facts.duckdb").exists()


def test_without_demo_data_it_says_how_facts_get_in_starts_anew_for_other_variables_and_stops(beside: Clone) -> None:
    folder = Path(beside.variables["LEGO_DATABASE_PATH"])
    folder.mkdir()
    # A file that outlived its process names a stranger.
    (folder / "gunicorn.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
    assert beside.run("status").stdout == "LEGO Dashboard is not running.\n"
    done = beside.run("--no-demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert steps_of(done.stdout) == [*BEFORE_FACTS, "start"]
    assert "There are no facts yet: .venv/bin/flask import FILE --refresh imports yours.\n" in done.stdout
    assert beside.get("/readyz")[0] == 200
    before = pid_of(beside)
    assert before != os.getpid()
    beside.variables["LEGO_DASHBOARD_TITLE"] = "Bricks"
    done = beside.run("--no-demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert "a reload does not do: other LEGO_ variables" in done.stdout
    process = pid_of(beside)
    assert process != before
    assert "Bricks" in beside.get("/login")[2]
    done = beside.run("stop")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"process {process} has ended" in done.stdout
    with pytest.raises(ConnectionRefusedError):
        beside.get("/healthz")
    again = beside.run("stop")
    assert (again.returncode, again.stdout) == (0, "LEGO Dashboard is not running.\n")
    assert beside.run("status").returncode == 1


def test_the_settings_of_the_web_stay_chosen_until_told_otherwise(beside: Clone, tmp_path: Path) -> None:
    web = tmp_path / "web.ini"
    web.write_text(f"[web]\nsecret_key = {'k' * 32}\n", encoding="utf-8")
    web.chmod(0o644)
    done = beside.run("--no-demo", "--web-config", str(web))
    warning = f"warning: web.ini: holds a secret and every user of this machine can read it; run: chmod 600 {web}"
    assert (done.returncode, done.stderr) == (0, f"  {warning}\n")
    assert steps_of(done.stdout) == [*BEFORE_FACTS[:-1], "web config", "trial", "start"]
    web.chmod(0o600)
    process = pid_of(beside)
    again = beside.run("--no-demo")
    assert (again.returncode, again.stderr) == (0, "")
    assert steps_of(again.stdout) == [*EVERY_TIME[:-2], "web config", "trial", "reload"]
    assert pid_of(beside) == process
    me = pwd.getpwuid(os.getuid()).pw_name
    assert f"\nIt serves as {me}, with {web}\n" in beside.run("status").stdout
    web.rename(gone := tmp_path / "gone.ini")
    lost = beside.run("--no-demo")
    assert (lost.returncode, lost.stderr) == (
        2,
        f"deploy_lego.sh: {web}, with which the pages are served, is not there; name another with --web-config, or "
        "none\n",
    )
    gone.rename(web)
    done = beside.run("--no-demo", "--web-config", "none")
    assert (done.returncode, "web config" in done.stdout) == (0, False)
    assert f"with {beside.folder / 'config.ini'}\n" in beside.run("status").stdout
    web.write_text("[database]\nengine = mysql\n", encoding="utf-8")
    other = beside.run("--no-demo", "--web-config", str(web))
    assert other.returncode == 2
    assert f"{web}: engine, [database] path or address differ from those of the commands" in other.stderr


def test_in_the_foreground_it_serves_until_it_is_told_to_end(beside: Clone) -> None:
    process = beside.start("--foreground", "--no-demo")
    try:
        await_ready(beside)
        assert pid_of(beside) == process.pid
        refused = beside.run("--foreground")
        assert (refused.returncode, refused.stderr) == (
            2, f"deploy_lego.sh: the dashboard runs already (process {process.pid}); ./deploy_lego.sh stop ends it\n"
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert beside.run("status").returncode == 1


def test_settings_that_cannot_be_meant_end_it_in_one_line(beside: Clone) -> None:
    beside.variables["LEGO_WEB_THREADS"] = "many"
    done = beside.run()
    assert (done.returncode, done.stderr) == (
        2,
        "deploy_lego.sh: step 'settings' failed (exit 2): LEGO_WEB_THREADS: 'many' is not a whole number "
        "from 1 to 256\n",
    )


def test_a_mysql_configuration_is_served_by_the_same_script(beside: Clone, mariadb) -> None:
    mariadb.run("CREATE DATABASE deployed CHARACTER SET utf8mb4")
    beside.variables.update(
        LEGO_DATABASE_HOST="127.0.0.1", LEGO_DATABASE_PORT=str(mariadb.port), LEGO_DATABASE_USER="lego",
        LEGO_DATABASE_PASSWORD="test %;'password", LEGO_DATABASE_DATABASE="deployed",
    )
    done = beside.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert steps_of(done.stdout) == [*BEFORE_FACTS, "start"]
    again = beside.run()
    assert (again.returncode, again.stderr) == (0, "")
    assert "reloaded" in again.stdout
    assert mariadb.run("SELECT name, role FROM app_user", "deployed") == [("admin", "admin")]


def test_a_database_that_does_not_answer_gives_exit_7(beside: Clone) -> None:
    beside.variables.update(LEGO_DATABASE_HOST="127.0.0.1", LEGO_DATABASE_PORT="1")
    done = beside.run()
    assert done.returncode == 7
    assert done.stderr.startswith("deploy_lego.sh: step 'schema' failed (exit 7): ")


def test_an_unknown_word_is_refused_and_help_explains(clone: Clone) -> None:
    done = clone.run("strat")
    assert (done.returncode, done.stderr) == (
        2, "deploy_lego.sh: strat is not understood; ./deploy_lego.sh --help lists what is\n"
    )
    explained = clone.run("--help")
    assert explained.returncode == 0
    for word in ("start", "--no-demo", "--foreground", "stop", "status", "logs"):
        assert word in explained.stdout


def pid_of(clone: Clone) -> int:
    folder = Path(clone.variables.get("LEGO_DATABASE_PATH", clone.folder / "instance"))
    return int((folder / "gunicorn.pid").read_text())


def children(process: int) -> set[str]:
    return set(Path(f"/proc/{process}/task/{process}/children").read_text().split())


def await_that(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def await_ready(clone: Clone) -> None:
    await_that(clone.is_ready)
