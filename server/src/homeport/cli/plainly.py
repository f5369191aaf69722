"""Errors as a sentence and an exit status, never as a stack trace."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Never

import click

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


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn expected errors into a sentence and exit status 2."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ in EXPECTED:
            fail(str(error))
        if type(error).__name__ == "OperationalError":  # SQLAlchemy's, which --help need not import
            said = " ".join(str(getattr(error, "orig", error)).split())
            fail(
                f"The database cannot be used: {said} Check that it runs and that HOMEPORT_DATABASE_URL or HOMEPORT_DATA names it."
            )
        raise


def fail(sentence: str) -> Never:
    """Say the sentence on standard error and end with exit status 2."""
    click.echo(f"homeport: {sentence}", err=True)
    sys.exit(2)
