"""Reads JSON from strangers: one object, no member twice, no NaN, no huge numbers, no deep nesting, only real text."""

import json
from typing import Any

MAX_DEPTH = 12
MAX_DIGITS = 20


def parse_object(data: bytes | str, *, max_bytes: int) -> dict[str, Any]:
    """Return the object; raise ValueError with a sentence that says what is wrong (RFC 8259, RFC 7493)."""
    if len(data) > max_bytes:
        raise ValueError(f"It is larger than {max_bytes} bytes.")
    try:
        text = data.decode("utf-8", "strict").removeprefix("\ufeff") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise ValueError("It is not UTF-8.") from error
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_decimal)
    except json.JSONDecodeError as error:
        raise ValueError("It is not JSON.") from error
    except RecursionError as error:
        raise ValueError("It is nested too deeply.") from error
    if not isinstance(value, dict):
        raise ValueError("It is JSON, but not an object.")  # noqa: TRY004 - one error for all bad input
    _walk(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("A member appears twice.")
    return result


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("A number is too long.")
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if len(text) > 2 * MAX_DIGITS or number in {float("inf"), float("-inf")}:
        raise ValueError("A number is too long.")
    return number


def _walk(root: dict[str, Any]) -> None:
    waiting: list[tuple[Any, int]] = [(root, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            _require_text(value)
            continue
        if not isinstance(value, dict | list):
            continue
        if depth > MAX_DEPTH:
            raise ValueError("It is nested too deeply.")
        if isinstance(value, dict):
            for name in value:
                _require_text(name)
            waiting.extend((inner, depth + 1) for inner in value.values())
        else:
            waiting.extend((inner, depth + 1) for inner in value)


def _require_text(value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("A string holds half a character.") from error
    if "\x00" in value:
        raise ValueError("A string holds a zero character.")
