"""Whoever does not own the instance folder is kept out of it: what they would leave there its owner could not read."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
from pathlib import Path

from domain.errors import SetupError

CALLED_AS = "LEGO_CALLED_AS"
"""The words that a person gave, where a script has become the command that they meant."""


def refuse_strangers(folder: Path) -> None:
    """Raises SetupError, which names the command to run instead, unless this process's user owns `folder`. A folder
    that is not there yet will be theirs. Looks only."""
    try:
        owner = folder.stat().st_uid
    except FileNotFoundError:
        return
    except OSError as error:
        raise SetupError(
            f"{folder}: {name_of(os.geteuid())} may not look at it ({error.strerror}); run this as its owner"
        ) from None
    if owner != os.geteuid():
        raise SetupError(
            f"{folder} belongs to {name_of(owner)}, who could not read what {name_of(os.geteuid())} would leave there; "
            f"run: {_as_user(owner)} {_given_words()}"
        )


def name_of(user: int) -> str:
    """The name of a user by their number; the number itself where they have none any more."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _as_user(user: int) -> str:
    """What stands before a command so that it runs as that user, with the same settings. Names variables, never values:
    there are passwords among them."""
    name = name_of(user)
    if os.geteuid() == 0 and not shutil.which("sudo") and not name.isdigit():
        return f"runuser -u {name} --"
    kept = sorted(variable for variable in os.environ if variable.startswith("LEGO_") and variable != CALLED_AS)
    keeping = f"--preserve-env={','.join(kept)} " if kept else ""
    return f"sudo {keeping}-u {shlex.quote(f'#{name}') if name.isdigit() else name}"


def _given_words() -> str:
    """The command as it was given; sudo finds a program by its path only where it is not on root's own."""
    given = os.environ.get(CALLED_AS, "")
    if given:
        return given
    program = [sys.argv[0]]
    if Path(program[0]).name == "__main__.py":
        program = [sys.executable, "-m", Path(program[0]).parent.name]
    return shlex.join([*program, *sys.argv[1:]])
