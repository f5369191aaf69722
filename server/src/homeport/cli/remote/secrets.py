"""Secrets come from a file or from standard input, never from an argument, which every user of the machine can see."""

import os
import re
import sys
from pathlib import Path

import click

from homeport.cli.plainly import Misuse

LONGEST = 4096
SECRET = re.compile(r"hp[ke][0-9]?[_.][0-9A-Za-z_.-]{16,}")
"""What our own keys look like."""


def read_secret(source: str, option: str) -> str:
    """Return the secret in a file, or on standard input when `source` is `-`, without the line's end; raise Failure."""
    if SECRET.fullmatch(source):
        raise Misuse(
            f"{option} takes the name of a file, and what was given is a key itself. Everybody on this machine could have seen it: "
            "revoke it and make another."
        )
    if source == "-":
        _claim_standard_input(option)
        data = sys.stdin.buffer.read(LONGEST + 1)
    else:
        try:
            with Path(source).open("rb") as file:
                data = file.read(LONGEST + 1)
        except OSError as error:
            raise Misuse(f"{option}: {source} cannot be read: {error.strerror}.") from None
    try:
        text = data.decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > LONGEST:
        raise Misuse(f"{option}: there is no secret of 1 to {LONGEST} bytes of text in it.")
    return text


def ask_secret(words: str, option: str) -> str:
    """Return a secret typed at the terminal, unseen; raise a Failure when there is no terminal."""
    if not sys.stdin.isatty():
        raise Misuse(f"Give {option} FILE, or {option} - to read it from standard input.")
    typed: str = click.prompt(words, hide_input=True, err=True)
    return typed.strip()


def deliver_secret(text: str, target: str | None, what: str) -> None:
    """Hand out a secret that is shown once: into a new file that only its owner can read, or on standard output."""
    if target is None or target == "-":
        click.echo(text)
        return
    path = Path(target)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        # Better on the screen than lost: it cannot be asked for again.
        click.echo(text)
        raise Misuse(f"{what} could not be written to {path}: {error.strerror}. It is printed above.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
    click.echo(f"{what} is in {path}.", err=True)


def check_delivery(target: str | None, what: str, option: str = "--key-out") -> None:
    """Raise Failure when a secret could not be handed out, before anything is made."""
    if target is None and not sys.stdout.isatty():
        raise Misuse(f"{what} is printed to a terminal only, so that it lands in no log. Give {option} FILE, or {option} - .")
    if target not in {None, "-"} and Path(target or "").exists():
        raise Misuse(f"{target} is there already. Give {option} the name of a new file.")


def _claim_standard_input(option: str) -> None:
    claimed = click.get_current_context().find_root().meta
    taken = claimed.setdefault("homeport.standard_input", option)
    if taken != option:
        raise Misuse(f"{taken} and {option} cannot both read standard input. Give one of them a file.")
