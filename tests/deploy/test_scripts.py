"""The other scripts: the cron entry, the tests' own runner, and what ShellCheck says of them all."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.clone import ROOT, Clone

SHELL_SCRIPTS = (
    "deploy_lego.sh", "ops/environment.sh", "ops/chosen.sh", "ops/steps.sh", "tests/environment.sh", "tests/run.sh",
    "tests/long.sh", "benchmarks/run.sh", "benchmarks/cluster.sh", ".ci/run",
)


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_shellcheck_finds_nothing(script: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, "-x", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_cron_refreshes_with_the_systems_python_from_any_folder(deployed: Clone, tmp_path: Path) -> None:
    (tmp_path / "cron.ini").write_text(f"[database]\npath = {deployed.folder / 'instance'}\n", encoding="utf-8")
    done = refresh_from_cron(deployed, "--config", "cron.ini", folder=tmp_path)
    generation = deployed.summaries()["generation"]
    assert (done.returncode, done.stdout) == (0, f"Nothing to do: no month changed; generation {generation} is live.\n")


def test_cron_passes_options_and_exit_codes_on(deployed: Clone, tmp_path: Path) -> None:
    planned = refresh_from_cron(deployed, "--plan", "--full", "--json", folder=tmp_path)
    assert (planned.returncode, json.loads(planned.stdout)["refresh_type"]) == (0, "full")
    assert refresh_from_cron(deployed, "--no-such-option", folder=tmp_path).returncode == 2
    missing = refresh_from_cron(deployed, "--config=nowhere.ini", folder=tmp_path)
    assert missing.returncode == 2
    assert f"{tmp_path / 'nowhere.ini'}: there is no such file" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_cron_as_a_stranger_is_told_what_to_run_in_the_words_that_were_given(deployed: Clone, tmp_path: Path) -> None:
    strange = Path("/usr/share")
    if os.geteuid() == 0:
        (strange := tmp_path / "instance").mkdir()
        os.chown(strange, 65534, 65534)
    (tmp_path / "cron.ini").write_text(f"[database]\npath = {strange}\n", encoding="utf-8")
    done = refresh_from_cron(deployed, "--config", "cron.ini", "--quiet", folder=tmp_path)
    script = f"{deployed.folder}/database/refresh_summaries.py"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f" python3 {shlex.quote(script)} --config cron.ini --quiet\n")


def test_cron_without_an_environment_says_what_makes_it(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "never deployed")
    (clone.folder / "database").mkdir(parents=True)
    shutil.copy(ROOT / "database/refresh_summaries.py", clone.folder / "database")
    done = refresh_from_cron(clone, folder=tmp_path)
    assert (done.returncode, done.stderr) == (
        2, f"refresh-summaries: {clone.folder}/.venv/bin/python is not there; ./deploy_lego.sh makes it\n"
    )


def test_the_test_runner_says_what_to_install_where_it_may_not(clone: Clone, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name not in ("mariadb", "mariadb-dump", "apt-get"):
            (programs / program.name).symlink_to(program)
    clone = Clone(clone.folder, variables={"PATH": str(programs)})
    done = clone.run(program="tests/run.sh")
    assert (done.returncode, done.stderr) == (
        2, "These packages are missing. Install them and try again: sudo apt-get install mariadb-client\n"
    )


def test_an_active_environment_is_not_taken_for_another_python(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    found = [
        subprocess.run(
            ["bash", "-c", f'set -e; root={ROOT}; source ops/environment.sh; {before} find_python'], cwd=ROOT,
            env={"PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin"}, capture_output=True, text=True, check=True,
        ).stdout
        for before in ("", f'source "{tmp_path}/venv/bin/activate";')
    ]
    assert found == [f"{Path(sys.base_prefix).resolve()}/bin/python{sys.version_info[0]}.{sys.version_info[1]}\n"] * 2


# What cron gives its children: hardly any variables, and a Python that is not the environment's.
def refresh_from_cron(clone: Clone, *options: str, folder: Path) -> subprocess.CompletedProcess:
    bare = {name: text for name, text in clone.environment.items() if name in ("HOME", "LC_ALL")}
    return subprocess.run(
        [f"{sys.base_prefix}/bin/python3", str(clone.folder / "database/refresh_summaries.py"), *options], cwd=folder,
        env={**bare, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300,
    )
