"""Draws a QR code with half-block characters: two rows of modules on one line of text."""

_QUIET = 2
_LINE = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}


def drawable(rows: object, *, widest: int) -> bool:
    """Whether ``rows`` is a square of 0 and 1 that fits into ``widest`` columns."""
    if not isinstance(rows, list) or not rows or len(rows) + 2 * _QUIET > widest:
        return False
    return all(isinstance(row, str) and len(row) == len(rows) and set(row) <= {"0", "1"} for row in rows)


def draw(rows: list[str]) -> list[str]:
    """Lines of text; light modules are drawn, because terminals are mostly dark."""
    size = len(rows)
    side = range(-_QUIET, size + _QUIET)

    def dark(row: int, column: int) -> bool:
        return 0 <= row < size and 0 <= column < size and rows[row][column] == "1"

    return ["".join(_LINE[dark(row, column), dark(row + 1, column)] for column in side) for row in side[::2]]
