"""The closed set of errors. Each carries text that is safe to show; each edge maps the kind once to its own form."""

from collections.abc import Mapping


class HomeportError(Exception):
    """Base of all errors that a caller can be told about. `detail` says what happened and how to mend it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(HomeportError):  # noqa: N818 - a kind of answer, named as edges name it
    """The thing does not exist, or the actor may not know that it does."""


class Conflict(HomeportError):  # noqa: N818 - a kind of answer
    """The request contradicts what is there. `reason` is a short code for programs."""

    def __init__(self, detail: str, *, reason: str = "conflict") -> None:
        super().__init__(detail)
        self.reason = reason


class Invalid(HomeportError):  # noqa: N818 - a kind of answer
    """Some input cannot be taken. `fields` maps a field's name to the sentence shown beside it."""

    def __init__(self, detail: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.fields: dict[str, str] = dict(fields or {})


class Denied(HomeportError):  # noqa: N818 - a kind of answer
    """The actor lacks a permission. `permission` names it."""

    def __init__(self, detail: str, *, permission: str = "") -> None:
        super().__init__(detail)
        self.permission = permission


class Unauthenticated(HomeportError):  # noqa: N818 - a kind of answer
    """Nobody proved who they are. `reason` is a short code for programs."""

    def __init__(self, detail: str, *, reason: str = "unauthenticated") -> None:
        super().__init__(detail)
        self.reason = reason


class StepUpRequired(HomeportError):  # noqa: N818 - a kind of answer
    """A sensitive act needs the actor to authenticate again."""


class PreconditionFailed(HomeportError):  # noqa: N818 - a kind of answer
    """Somebody else changed the thing since it was read (RFC 9110, section 13.1.1)."""


class RateLimited(HomeportError):  # noqa: N818 - a kind of answer
    """Too many attempts. `retry_after` is in seconds."""

    reason = "too_many_attempts"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(HomeportError):  # noqa: N818 - a kind of answer
    """Something outside did not answer, or answered badly."""
