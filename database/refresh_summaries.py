#!/usr/bin/env python3
"""The refresh for a plain cron line: `python3 database/refresh_summaries.py [--config FILE] [options]`.

Needs nothing but the system's Python: it finds the repository's virtual environment and becomes
`flask refresh-summaries` there, with the same options, output and exit codes.
"""

import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"


def main(arguments):
    """Replaces this process by the command. Returns 2 if that is not possible."""
    config, options = split_config(arguments)
    if not os.access(str(PYTHON), os.X_OK):
        sys.stderr.write(f"refresh-summaries: {PYTHON} is not there; ./deploy_lego.sh makes it\n")
        return 2
    environment = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environment["FLASK_APP"] = "flask_app:create_app"
    environment["LEGO_CALLED_AS"] = " ".join(shlex.quote(word) for word in ("python3", sys.argv[0], *arguments))
    config = config or environment.get("LEGO_CONFIG")
    if config:
        # Named from the folder that the caller is in; the command runs in the repository.
        environment["LEGO_CONFIG"] = str(Path(config).absolute())
    os.chdir(str(ROOT))
    # Not a child process: signals and the exit code need no passing on.
    os.execve(str(PYTHON), [str(PYTHON), "-m", "flask", "refresh-summaries", *options], environment)
    return None


def split_config(arguments):
    """The FILE of `--config FILE` or `--config=FILE` (None without), and the options that remain."""
    for position, option in enumerate(arguments):
        before, after = arguments[:position], arguments[position + 1 :]
        if option == "--config" and after:
            return after[0], before + after[1:]
        if option == "--config":
            sys.stderr.write("refresh-summaries: --config needs the path of a file\n")
            sys.exit(2)
        if option.startswith("--config="):
            return option.partition("=")[2], before + after
    return None, arguments


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
