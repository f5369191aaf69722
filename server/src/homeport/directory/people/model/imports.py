"""Users from a CSV file: how the file is read, which column means what, and what becomes of a row."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from homeport.directory.people.model.users import FIELDS
from homeport.foundation.kernel.csv_lines import FORMULA
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.listing import folded

LARGEST_FILE = 100_000_000
LONGEST_LINE = 1_000_000
LONGEST_CELL = 100_000
MOST_COLUMNS = 200
ENCODINGS = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252 (Western European)"}
DELIMITERS = (",", ";", "\t", "|")
IMPORTED = (*FIELDS, "state", "groups")
"""What a column can mean."""
_MEANINGS = {
    "email": ("email", "emailaddress", "mail", "userprincipalname", "workemail", "primaryemail"),
    "username": ("username", "login", "user", "userid", "samaccountname", "account", "loginname"),
    "firstname": ("firstname", "givenname", "first", "forename"),
    "lastname": ("lastname", "surname", "familyname", "last", "sn"),
    "displayname": ("displayname", "fullname", "name", "cn"),
    "job_title": ("jobtitle", "title", "position"),
    "department": ("department", "dept", "division", "team"),
    "company": ("company", "organization", "organisation"),
    "location": ("location", "office", "site", "city"),
    "cost_center": ("costcenter", "costcentre"),
    "employee_identifier": ("employeeidentifier", "employeeid", "employeenumber", "personnelnumber", "staffid"),
    "employee_type": ("employeetype", "usertype", "contract"),
    "description": ("description", "notes", "comment"),
    "state": ("state", "status", "userstate"),
    "groups": ("groups", "group", "usergroups", "memberof"),
}


class Phase(StrEnum):
    """UPLOADED waits for the columns' meaning; CHECKED was tried without writing; FAILED ended before the file did."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the file is read: its encoding and delimiter, the number of the column of each field, and what new users get."""

    encoding: str
    delimiter: str
    columns: Mapping[str, int]
    state: str = "ACTIVATED"
    make_groups: bool = False


@dataclass(frozen=True, slots=True)
class UserImport:
    """One uploaded file and how far it came. `counts` has new, changed, unchanged and refused of the last check or run."""

    id: str
    filename: str
    size: int
    meaning: Meaning
    phase: Phase
    job_id: str
    counts: Mapping[str, int]
    problem: str
    created_by: str
    created_at: datetime

    @property
    def moving(self) -> bool:
        """Tell whether a job is at work on it, or is to be."""
        return self.phase in {Phase.CHECKING, Phase.RUNNING}


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file: the number of its first line, and what its cells say, by field; empty cells say nothing."""

    line: int
    cells: Sequence[str]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken, and why."""

    line: int
    field: str
    reason: str
    cells: Sequence[str] = ()


def why_it_stopped(phase: Phase, cause: str, counts: Mapping[str, int], done: int, total: int) -> str:
    """Return in sentences why a check or a run ended before the file did, how far it came, and how to go on."""
    if phase is not Phase.RUNNING or not done:
        return f"{cause} Nothing was written. You can try it again below."
    taken = (
        f"{done:,} of {total:,} rows were taken before: {counts['new']:,} new and {counts['changed']:,} changed users, who stay."
    )
    return f"{cause} {taken} To go on, mend the cause and try the file again below: rows that are right already stay as they are."


def guess_encoding(chunks: Iterable[bytes]) -> str:
    """Return how the file is encoded: by its mark, UTF-8 when all of it is, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for number, chunk in enumerate(chunks):
            if number == 0 and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def guess_delimiter(line: str) -> str:
    """Return what separates the cells of the first line."""
    outside = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=outside.count)


def guess_columns(header: Sequence[str]) -> dict[str, int]:
    """Return the column of each field whose heading is recognized; the first that fits counts."""
    names = [re.sub(r"[\W_]+", "", folded(name)) for name in header]
    found = {}
    for meaning, words in _MEANINGS.items():
        places = [names.index(word) for word in words if word in names]
        if places:
            found[meaning] = places[0]
    return found


class _Chunks(io.RawIOBase):
    """Makes a readable file of byte strings, one after another."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            found = next(self._chunks, None)
            if found is None:
                return 0
            self._rest = found
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Return the lines of the file one at a time; raise Invalid for what is not text in this encoding or a line without an end."""
    text = io.TextIOWrapper(io.BufferedReader(_Chunks(chunks)), encoding=encoding, newline="")
    number = 0
    while True:
        number += 1
        try:
            line = text.readline(LONGEST_LINE + 1)
        except UnicodeError as error:
            raise Invalid(
                f"The file is not {ENCODINGS[encoding]} text from line {number} on. Choose another encoding, or save it again as "
                "“CSV UTF-8”."
            ) from error
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise Invalid(f"Line {number} has more than {LONGEST_LINE:,} characters. The file is probably no CSV file.")
        yield line


def records(chunks: Iterable[bytes], encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Return line number and cells of each record, the heading first; raise Invalid for what cannot be read as CSV."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines(chunks, encoding), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(
                f"Line {line} holds a cell of more than {LONGEST_CELL:,} characters, or is no CSV. Usually a quotation mark that "
                "begins a cell there is never closed."
            ) from error
        if any(cell.strip() for cell in cells):
            yield line, cells


def row_of(line: int, cells: Sequence[str], columns: Mapping[str, int]) -> Row:
    """Return what a record says. A cell that our own export protected from spreadsheets comes back without its apostrophe."""
    values = {}
    for name, place in columns.items():
        text = cells[place].strip() if place < len(cells) else ""
        if text.startswith("'") and text[1:].startswith(FORMULA):
            text = text[1:]
        if text:
            values[name] = text
    return Row(line, cells, values)


def username_of(values: Mapping[str, str]) -> str:
    """Return the user name of a row; without one, what stands before the @ of the address."""
    return values.get("username") or values.get("email", "").partition("@")[0]


def keys_of(values: Mapping[str, str]) -> list[str]:
    """Return by what a row is told from the others of its file: its address, and its user name. `values` are normal."""
    if not values.get("email") and not values.get("username"):
        return []
    address = [f"email {values['email']}"] if values.get("email") else []
    return [*address, f"username {username_of(values)}"]


def group_names(text: str) -> list[str]:
    """Return the groups that a cell names, separated by semicolons."""
    return list(dict.fromkeys(name.strip() for name in text.split(";") if name.strip()))
