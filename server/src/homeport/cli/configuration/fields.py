"""Which values the keys of the file take, and how each is made comparable with what the server stores."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any


class Kind(ABC):
    """Which values a field takes. `says` is how the reference and the sentences name them."""

    says: str

    @abstractmethod
    def problem(self, value: object) -> str:
        """Return what is wrong with a value, or an empty string."""

    def normal(self, value: Any) -> Any:
        """Return a right value as the server stores it, so that equal things compare equal."""
        return value


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Any text; `fold` makes it lower-case, as the server does."""

    fold: bool = False
    says: str = "a text"

    def problem(self, value: object) -> str:
        """Look at the type only: what a text may hold is the server's to say."""
        return "" if isinstance(value, str) else f"must be {self.says} in quotes"

    def normal(self, value: Any) -> Any:
        """Trim."""
        text = str(value).strip()
        return text.lower() if self.fold else text


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of some words."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:  # type: ignore[override]  # made from the words
        """Name them."""
        return " or ".join(f'"{word}"' for word in self.words)

    def problem(self, value: object) -> str:
        """Take one of the words, exactly."""
        return "" if value in self.words and isinstance(value, str) else f"must be {self.says}"


@dataclass(frozen=True, slots=True)
class YesNo(Kind):
    """A TOML boolean."""

    says: str = "true or false"

    def problem(self, value: object) -> str:
        """Take a boolean, not a word in quotes."""
        return "" if isinstance(value, bool) else f"must be {self.says}, without quotes"


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A whole number in a range."""

    least: int
    most: int

    @property
    def says(self) -> str:  # type: ignore[override]  # made from the range
        """Name the range."""
        return f"a whole number from {self.least} to {self.most}"

    def problem(self, value: object) -> str:
        """Take what is in the range; TOML's booleans are no numbers here."""
        right = isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most
        return "" if right else f"must be {self.says}, without quotes"


@dataclass(frozen=True, slots=True)
class Texts(Kind):
    """A list of texts whose order means nothing and that holds each once."""

    fold: bool = False
    without: str = ""
    """What may stand before each and means nothing."""
    says: str = "a list of texts"

    def problem(self, value: object) -> str:
        """Take a list that holds texts only."""
        right = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if right else f'must be {self.says}, such as ["one", "two"]'

    def normal(self, value: Any) -> Any:
        """Trim and order."""
        trimmed = [one.strip().removeprefix(self.without) for one in value]
        return sorted({one.lower() if self.fold else one for one in trimmed})


@dataclass(frozen=True, slots=True)
class Networks(Texts):
    """Addresses, networks and ranges, as an IP list holds them."""

    def normal(self, value: Any) -> Any:
        """Write them as the server does: a range becomes networks. What is no address stays, and is refused there."""
        from homeport.trust.access.model import network_text, parse_networks  # noqa: PLC0415 - heavy, and only this field needs it

        try:
            return sorted({network_text(one) for one in parse_networks(value)})
        except ValueError:
            return sorted(set(value))


@dataclass(frozen=True, slots=True)
class Conditions(Kind):
    """When a policy applies, in the words of the REST API, with IP lists called by their names."""

    says: str = 'a table such as { not = { ipAddressIn = ["Office"] } }; { } is always'

    def problem(self, value: object) -> str:
        """Take what the server would."""
        from homeport.trust.access.model import read  # noqa: PLC0415 - heavy, and only this field needs it

        try:
            read(value)
        except ValueError as error:
            return f"must be {self.says}. {error}"
        return ""

    def normal(self, value: Any) -> Any:
        """Write the same tree in the one way that the server does."""
        from homeport.trust.access.model import read, written  # noqa: PLC0415 - heavy, and only this field needs it

        return written(read(value))


@dataclass(frozen=True, slots=True)
class Secret(Kind):
    """Where a secret is found; never the secret itself."""

    says: str = '{ env = "NAME" } or { file = "path" }'

    def problem(self, value: object) -> str:
        """Take exactly one of the two places; the value is not repeated, since it may be the secret."""
        if isinstance(value, str):
            return f"must not hold the secret itself; write {self.says}, which says where it is found"
        right = isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"env", "file"}
        right = right and isinstance(value, dict) and all(isinstance(one, str) and one for one in value.values())
        return "" if right else f"must be {self.says}"


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a table. `wire` is its path in the REST API; empty for what is not an ordinary field there."""

    name: str
    wire: str
    kind: Kind
    says: str
    needed: bool = False
    """Whether a new thing must have it."""
    again_with: tuple[str, ...] = ()
    """Of a secret: the fields whose change makes the server ask for it again."""
