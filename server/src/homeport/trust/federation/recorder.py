"""The flight recorder: what happened in one sign-in, step by step, with secrets masked before they are kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from homeport.foundation.kernel.clock import Clock

MAX_DETAIL = 500


class Outcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline."""

    name: str
    outcome: Outcome
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Recorder:
    """Collects steps; the caller keeps them with its record of the sign-in."""

    clock: Clock
    steps: list[Step] = field(default_factory=list)
    secret_answers: dict[str, bool] = field(default_factory=dict)
    """Whether the provider took a client secret, by the secret's id."""
    thorough: bool = False
    """Record every check and every claim: for a connection test."""

    def add(self, name: str, outcome: Outcome, /, **details: object) -> None:
        """Record a step now. Pass secrets through `masked` first."""
        kept = {key: _printable(str(value))[:MAX_DETAIL] for key, value in details.items() if value is not None and value != ""}
        self.steps.append(Step(name, outcome, self.clock.now(), kept))

    def ok(self, name: str, /, **details: object) -> None:
        """Record a step that went well."""
        self.add(name, Outcome.OK, **details)

    def failed(self, name: str, /, **details: object) -> None:
        """Record a step that failed."""
        self.add(name, Outcome.FAILED, **details)

    def note(self, name: str, /, **details: object) -> None:
        """Record something worth knowing."""
        self.add(name, Outcome.NOTE, **details)


def masked(secret: str) -> str:
    """Return a stand-in by which equal secrets can be recognised, and nothing else learned from a high-entropy one."""
    return f"sha256:{hashlib.sha256(secret.encode('utf-8', 'replace')).hexdigest()[:8]} ({len(secret)} characters)"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
