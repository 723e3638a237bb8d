"""What becomes of an installation of an older commit when today's takes its place; see tests/upgrades.sh."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from settings import ROOT
from tests.ports import free_port

FACTS = "asin,brand,category,marketplace,metric,month,value\n" + "".join(
    f"OWN{number},Own brand {number % 3},Own category,US,{metric},2024-{month:02},{number}{month}.{month:02}\n"
    for number in range(40) for metric in ("Net revenue", "CM3", "Net units") for month in range(1, 13)
)
SUMS = """
    SELECT CAST(month AS VARCHAR), metric, CAST(SUM(total_value) AS VARCHAR)
    FROM financials_summary_monthly_brand WHERE marketplace = 'ALL' GROUP BY 1, 2
"""
REPORT = ROOT / "docs" / "upgrades-run.md"

Sums = dict[tuple[str, str], str]


class Failed(Exception):
    """What was not as it should be."""


class Installation:
    """A clone that is deployed on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        outside = {name: text for name, text in os.environ.items() if not name.startswith("LEGO_")}
        self.environment = {**outside, "LC_ALL": "C.UTF-8", "LEGO_WEB_PORT": str(free_port()), "LEGO_WEB_WORKERS": "1"}

    def run(self, *words: str, told: str = "") -> str:
        """What a command in it prints. Raises Failed with its words if it ends with another code than 0."""
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, input=told, capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise Failed(f"`{' '.join(words)}` ended with {done.returncode}: {' '.join(last)[:300]}")
        return done.stdout

    def flask(self, *words: str, told: str = "") -> str:
        return self.run(".venv/bin/flask", *words, told=told)

    def sums(self) -> Sums:
        """Of the newest published generation, by month and metric."""
        newest = max((self.folder / "instance" / "generations").glob("*.duckdb"))
        with duckdb.connect(str(newest), read_only=True) as connection:
            return {(month, metric): total for month, metric, total in connection.execute(SUMS).fetchall()}


def main(commits: list[str]) -> int:
    """Upgrades from each commit; 1 if one of them failed."""
    lines, is_well = [], True
    for commit in commits or chosen():
        name = git("log", "-1", "--format=%h of %ad", "--date=short", commit)
        try:
            with tempfile.TemporaryDirectory(prefix="lego-upgrade-") as folder:
                told = upgrade(Path(folder), commit)
        except Failed as failed:
            told, is_well = f"**failed**: {failed}", False
        lines.append(f"| {name} | {told} |")
        print(lines[-1], flush=True)
    today = f"{git('rev-parse', '--short', 'HEAD')}, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    REPORT.write_text(
        "# The last upgrades\n\nWritten by `tests/upgrades.sh`; see [RELIABILITY.md](RELIABILITY.md).\n\n"
        f"To commit {today}, embedded engine.\n\n| from | what came of it |\n| --- | --- |\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )
    return 0 if is_well else 1


def chosen() -> list[str]:
    """The first commit that could be deployed with demo data, and four between it and today's."""
    added = ("log", "--reverse", "--diff-filter=A", "--format=%H", "HEAD", "--", "commands/demo_data.py")
    first = git(*added).splitlines()[0]
    later = git("rev-list", "--reverse", f"{first}..HEAD").splitlines()
    return [first, *(later[len(later) * part // 5] for part in range(1, 5))]


def upgrade(folder: Path, commit: str) -> str:
    """Deploys the commit, fills it, upgrades it, restores its backup; what is to be told of it."""
    today = git("rev-parse", "HEAD")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "lego")], check=True)
    lego = Installation(folder / "lego")
    lego.run("git", "checkout", "-q", commit)
    try:
        lego.run("./deploy_lego.sh")
        lego.flask("create-user", "anna", "--role", "viewer", "--password-stdin", told="a long word for anna\n")
        (file := folder / "facts.csv").write_text(FACTS, encoding="utf-8")
        demo = lego.sums()
        has_import = (lego.folder / "commands" / "import_files.py").exists()
        if has_import:
            lego.flask("import", str(file), "--source", "ours")
            lego.flask("refresh-summaries")
        before, backup = lego.sums(), folder / "older.backup"
        has_backup = (lego.folder / "commands" / "backup.py").exists()
        if has_backup:
            lego.flask("backup", str(backup))
        lego.run("git", "checkout", "-q", today)
        lego.run("./deploy_lego.sh")
        compare(before, lego.sums(), "after the upgrade")
        lego.flask("refresh-summaries", "--full")
        compare(before, lego.sums(), "after a full refresh")
        if "anna" not in lego.flask("users"):
            raise Failed("anna is not there any more")
        if has_backup:
            lego.flask("restore", str(backup), "--replace")
            lego.flask("refresh-summaries", "--full")
            compare(before, lego.sums(), "after the restore of its backup")
        lego.run("./deploy_lego.sh", "status")
    finally:
        subprocess.run(["./deploy_lego.sh", "stop"], cwd=lego.folder, env=lego.environment, check=False,
                       capture_output=True)
    of_file = f"{len(before):,} with the file" if has_import else "it knew no import yet"
    of_backup = "its backup restored with the same" if has_backup else "it knew no backup yet"
    return f"{len(demo):,} sums of demo data, {of_file}: all as before; people there; {of_backup}"


def compare(before: Sums, after: Sums, when: str) -> None:
    """Raises Failed with the first sum that is not what it was."""
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            raise Failed(f"{when} {key[1]} of {key[0][:7]} is {after.get(key)}, it was {before.get(key)}")


def git(*words: str) -> str:
    """What git says here."""
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
