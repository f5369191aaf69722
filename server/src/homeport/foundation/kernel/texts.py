r"""Texts that are none: half of a surrogate pair, which JSON can spell as `\ud800` and no encoding can write (RFC 8259, section 8.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

HALF_A_CHARACTER = "Something in the request holds half a character (a lone surrogate, such as \\ud800). Leave it out and repeat."


def is_whole(value: object) -> bool:
    """Tell whether UTF-8 can write every text in a value as JSON has them, the names of members too."""
    if isinstance(value, str):
        return _is_whole(value)
    if isinstance(value, Mapping):
        return all(map(is_whole, value)) and all(map(is_whole, value.values()))
    return all(map(is_whole, value)) if isinstance(value, Sequence) and not isinstance(value, bytes) else True


def made_whole(value: Any) -> Any:
    """Return a value as JSON has them with a question mark for each half of a character, in the names of members too."""
    if isinstance(value, str):
        return value if _is_whole(value) else value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {made_whole(name): made_whole(inner) for name, inner in value.items()}
    return [made_whole(inner) for inner in value] if isinstance(value, Sequence) and not isinstance(value, bytes) else value


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
