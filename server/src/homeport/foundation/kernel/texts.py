r"""Texts that are none: half of a surrogate pair, which JSON can spell as `\ud800` and no encoding can write (RFC 8259, section 8.2)."""

import json
from typing import Any

HALF_A_CHARACTER = "Something in the request holds half a character (a lone surrogate, such as \\ud800). Leave it out and repeat."


def is_whole(value: object) -> bool:
    """Tell whether UTF-8 can write every text in a value as JSON has them, the names of members too."""
    try:
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    except UnicodeEncodeError:
        return False
    return True


def made_whole(value: Any) -> Any:
    """Return a value as JSON has them with a question mark for each half of a character, in the names of members too."""
    return value if is_whole(value) else json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
