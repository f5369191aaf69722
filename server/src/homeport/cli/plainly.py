"""Errors as a sentence and an exit status, never as a stack trace."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Never

import click

DONE, REFUSED, USAGE, UNREACHABLE, DIFFERENT = 0, 1, 2, 3, 4
"""Exit statuses: done; the server refused; the command cannot be run as it was typed or set up; no Homeport answered as it should;
the configuration differs from the file (`homeport plan`)."""

EXPECTED = frozenset(
    {
        "SettingsError",
        "SchemaError",
        "SealingKeyError",
        "AlreadyServing",
        "AuditKeyError",
        "BackupError",
        "DemoFailed",
        "AgentFailed",
    }
)
"""Errors that say in a sentence what is wrong and how to mend it, so that no stack trace is shown."""


class Failure(click.ClickException):
    """What ends a command: a sentence that says what is wrong and how to mend it. Each kind has its exit status."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Say the sentence on standard error."""
        click.echo(f"homeport: {self.message}", file=file, err=True)


class Refusal(Failure):
    """The server said no, or what was asked for is not there."""

    exit_code = REFUSED


class Misuse(Failure):
    """The command cannot be run as it was typed or set up."""

    exit_code = USAGE


class Unreachable(Failure):
    """No Homeport answered as it should."""

    exit_code = UNREACHABLE


def restated(failure: Failure, sentence: str) -> Failure:
    """Return a failure of the same kind that says more."""
    kind = {REFUSED: Refusal, USAGE: Misuse, UNREACHABLE: Unreachable}[failure.exit_code]
    return kind(sentence)


def printable(text: str) -> str:
    """Return text of somebody else's so that a terminal shows it and obeys nothing in it: what does not print is escaped."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn expected errors into a sentence and exit status 2."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ in EXPECTED:
            fail(str(error))
        if isinstance(error, PermissionError):
            fail(f"{error.filename} is not for this user to open. Run the command as the user of the server.")
        if type(error).__name__ == "OperationalError":  # SQLAlchemy's, which --help need not import
            said = " ".join(str(getattr(error, "orig", error)).split())
            fail(
                f"The database cannot be used: {said} Check that it runs and that HOMEPORT_DATABASE_URL or HOMEPORT_DATA names it."
            )
        raise


def fail(sentence: str) -> Never:
    """Say the sentence on standard error and end with exit status 2."""
    click.echo(f"homeport: {sentence}", err=True)
    sys.exit(USAGE)
