#!/usr/bin/env python3
"""The refresh for a plain cron line: `python3 database/refresh_summaries.py [--config FILE] [options]`.

Needs nothing but the system's Python: it finds the repository's virtual environment and becomes
`flask refresh-summaries` there, with the same options, output and exit codes.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def main(arguments):
    """Replaces this process by the command; returns 2 if that is not possible."""
    config, options = take_config(arguments)
    environment = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environment["FLASK_APP"] = "flask_app:create_app"
    if config is not None:
        environment["LEGO_CONFIG"] = os.path.abspath(config)
    elif environment.get("LEGO_CONFIG"):
        environment["LEGO_CONFIG"] = os.path.abspath(environment["LEGO_CONFIG"])
    python = os.path.join(ROOT, ".venv", "bin", "python")
    if not os.access(python, os.X_OK):
        sys.stderr.write("refresh-summaries: {} is not there; ./deploy_lego.sh makes it\n".format(python))
        return 2
    os.chdir(ROOT)
    # Not a child: signals and the exit code need no passing on.
    os.execve(python, [python, "-m", "flask", "refresh-summaries"] + options, environment)


def take_config(arguments):
    """Splits `--config FILE` or `--config=FILE` from the options that are passed on."""
    options = list(arguments)
    for position, option in enumerate(options):
        if option == "--config":
            if position + 1 == len(options):
                sys.stderr.write("refresh-summaries: --config needs the path of a file\n")
                sys.exit(2)
            return options[position + 1], options[:position] + options[position + 2:]
        if option.startswith("--config="):
            return option[len("--config="):], options[:position] + options[position + 1:]
    return None, options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
