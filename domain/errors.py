"""The one family of errors a user can cause or meet.

Each carries the exit code of the command line (contract: 0 done, 1 unexpected, 2 set-up, 3 busy,
4 refused, 5 space, 6 swap, 7 unreachable). Only `web/` and `commands/` turn them into words on a
screen; everybody else raises them with one line that says what, where and what to try.
"""


class LegoError(Exception):
    """Something a person can understand and cure. `str(error)` is one line for that person."""

    exit_code = 1


class SetupError(LegoError):
    """Set-up, configuration or usage is wrong; nothing was touched."""

    exit_code = 2


class SettingsError(SetupError):
    """config.ini or the environment holds something that cannot be meant."""


class SchemaError(SetupError):
    """The database lacks tables or columns, or has newer ones than this program knows."""


class NeverRefreshed(SetupError):
    """No generation of the summaries was published yet."""


class GenerationGone(LegoError):
    """The generation asked for is no longer kept."""


class SelectionError(LegoError):
    """A query string asks for something that cannot be: unknown, repeated, out of bounds."""


class NameGone(SelectionError):
    """A query string names a brand, a category or a marketplace that has no figures, or none for who asks. `word` is
    the parameter."""

    def __init__(self, message: str, word: str) -> None:
        super().__init__(message)
        self.word = word


class LockBusy(LegoError):
    """Another import or refresh holds the lock."""

    exit_code = 3


class Refused(LegoError):
    """Input or verification was refused; nothing changed.

    `faults` holds further lines, one fault each, for reports that can show more than one.
    """

    exit_code = 4

    def __init__(self, message: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class OutOfSpace(LegoError):
    """The disk or the table space is full; nothing was published."""

    exit_code = 5


class SwapFailed(LegoError):
    """The new generation could not be put in place; the old one is still live."""

    exit_code = 6


class DatabaseUnreachable(LegoError):
    """The database does not answer, or refuses this user."""

    exit_code = 7


class Damaged(DatabaseUnreachable):
    """A file of the database is gone, or is not what was written; another try finds the same."""


class GenerationLost(Damaged):
    """The live generation cannot be read; the facts can, and a full refresh makes another one of them."""
