"""The state of a form between what was typed and what the page shows again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from homeport.foundation.kernel.errors import HomeportError, Invalid

LONGEST_NUMBER = 9
"""Digits of a number in a form; nine fit 32 bits."""


@dataclass(slots=True)
class FormState:
    """What a form holds: the values typed, an error per field, errors of the whole, and what was just saved.

    ``errors`` keeps the order in which the fields were judged; the summary on top of the form lists them so.
    ``saved`` holds one sentence per change after a save ("Name: Okta → Okta EU"); None when nothing was just saved.
    """

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    saved: tuple[str, ...] | None = None

    @classmethod
    def showing(cls, **values: Any) -> Self:
        """Make the form of a page that is opened: strings, numbers, booleans, None or lists of strings, by field name."""
        return cls(values={name: _texts(value) for name, value in values.items()})

    @classmethod
    def typed(cls, submission: Mapping[str, Any], *, secrets: Iterable[str] = ()) -> Self:
        """Make the form from what was submitted (Starlette's ``FormData`` or a mapping), trimmed.

        Fields named in ``secrets`` are kept as typed, without trimming; no macro ever prints them back.
        """
        untouched = frozenset(secrets)
        values: dict[str, tuple[str, ...]] = {}
        for name in submission:
            many = submission.getlist(name) if hasattr(submission, "getlist") else _texts(submission[name])
            texts = tuple(one for one in many if isinstance(one, str))
            values[name] = texts if name in untouched else tuple(one.strip() for one in texts)
        return cls(values=values)

    def value(self, name: str, default: str = "") -> str:
        """Return the first value of a field."""
        found = self.values.get(name, ())
        return found[0] if found else default

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field that can have several."""
        return self.values.get(name, ())

    def checked(self, name: str, value: str = "on") -> bool:
        """Tell whether a box or a choice is ticked."""
        return value in self.values.get(name, ())

    def require(self, *names: str, sentence: str = "Enter a value.") -> None:
        """Record an error for each of these fields that is empty."""
        for name in names:
            if not self.value(name).strip():
                self.fail(name, sentence)

    def fail(self, name: str, sentence: str) -> None:
        """Record what is wrong with a field and how to mend it; the first sentence for a field stays."""
        self.errors.setdefault(name, sentence)

    def refuse(self, sentence: str) -> None:
        """Record what is wrong with the whole, such as a provider that does not answer."""
        self.problems.append(sentence)

    def explain(self, error: HomeportError, *, places: Mapping[str, str] | None = None, at: str = "") -> None:
        """Record what an action refused: beside the fields that it names, else beside the field ``at``, else on top.

        ``places`` says under which field of the page a field of the action stands where that is another one.
        """
        fields = error.fields if isinstance(error, Invalid) else {}
        for name, sentence in fields.items():
            self.fail((places or {}).get(name, name), sentence)
        if not fields and at:
            self.fail(at, error.detail)
        elif not fields:
            self.refuse(error.detail)

    def meet(
        self,
        sentence: str,
        present: Self,
        labels: Mapping[str, str],
        words: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Show that somebody else saved meanwhile: ``sentence`` on top, and what stands there now under each field that differs.

        What was typed stays. ``present`` is the form as it would be opened now; its version is taken over, so that only somebody
        who was told of the other's values can save over them. ``words`` says how the values of a choice are read by people; of a
        box, ``""`` is that it is not ticked.
        """
        self.refuse(sentence)
        for name, label in labels.items():
            known = (words or {}).get(name, {})
            if name not in self.values and "" not in known:
                continue  # the page did not have this field
            mine, theirs = (tuple(_plain(one) for one in form.all(name)) for form in (self, present))
            if mine != theirs and (any(mine) or any(theirs)):
                shown = ", ".join(known.get(one, one) for one in theirs if one) or known.get("", "empty")
                self.fail(name, f"{label} is now “{shown}”. Saving replaces it.")
        self.values["version"] = present.all("version")

    def confirm(self, changes: Sequence[str] = ()) -> None:
        """Record that the form was saved, and what changed."""
        self.saved = tuple(changes)

    def error(self, name: str) -> str:
        """Return the sentence under a field, or an empty string."""
        return self.errors.get(name, "")

    @property
    def valid(self) -> bool:
        """Tell whether nothing was found wrong so far."""
        return not self.errors and not self.problems


def whole_number(text: str) -> int | None:
    """Return the number that a field holds, such as the version of what the page showed; None when it holds none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()  # a browser sends CRLF for each end of a line


def _texts(value: Any) -> tuple[str, ...]:
    if value is None or value is False:
        return ()
    if value is True:
        return ("on",)
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(str(one) for one in value)
    return (str(value),)
