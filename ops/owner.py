"""`python3 -m ops.owner`: ends with 2 and one line if whoever calls does not own the instance folder.

Asked by deploy_lego.sh before it makes anything, so it runs on the system's Python without any package.
"""

from __future__ import annotations

import sys

from domain.errors import SettingsError, SetupError
from machine.ownership import refuse_strangers
from settings import load_settings


def main() -> int:
    """Returns the exit code. Settings that cannot be meant are told by the step that is there for them."""
    try:
        refuse_strangers(load_settings().database.path)
    except SettingsError:
        return 0
    except SetupError as error:
        print(f"deploy_lego.sh: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
