"""Lines of CSV (RFC 4180) that a spreadsheet takes for no formulas."""

import csv
import io
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection)."""


def safe_cell(text: str) -> str:
    """Return a cell of an export: what a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA) or (text.startswith("'") and text[1:].startswith(FORMULA)) else text


def csv_line(cells: Sequence[str]) -> str:
    """Return one line of an export."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()
