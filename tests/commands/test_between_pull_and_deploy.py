"""After a `git pull` the code is ahead of its packages and its database: a command says what to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from flask_app import create_app

ROOT = Path(__file__).resolve().parents[2]


def test_a_package_that_is_not_there_yet_is_named(tmp_path: Path) -> None:
    # Python stops at a name that is None where it would find the package.
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['sqlalchemy'] = None\n", encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-m", "flask", "users"], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "LEGO_DATABASE_PATH": str(tmp_path / "instance")},
    )
    assert (done.returncode, done.stderr) == (
        2, "Error: the package sqlalchemy is not installed, which this version needs; run: ./deploy_lego.sh\n"
    )


def test_a_database_that_is_behind_is_named_with_what_brings_it_up_to_date(store) -> None:
    with store.application.begin() as connection:
        connection.exec_driver_sql("DROP TABLE app_user_brand")
    app = create_app(store.settings)
    done = app.test_cli_runner().invoke(args=["users"])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "app_user_brand" in done.stderr and done.stderr.endswith("run: flask init-db\n")
    app.extensions["lego_store"].close()
