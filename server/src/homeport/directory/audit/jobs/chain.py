"""What a sealed batch is in bytes, and which contradictions between entries, batches and the newest known batch there are."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from homeport.directory.audit.model import Batch, Entry, Header, canonical

MOST_COMPARED = 60
"""How many changed entries of a batch are compared with one another, to tell re-ordered ones from altered ones."""
FIRST = "0" * 64
"""The previous hash of the first batch."""

Signed = Callable[[str, bytes, str], bool | None]
"""Given key id, header bytes and signature: True when it is genuine, False when not, None when there is no such key."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest batch that was sealed, as kept outside the database."""

    number: int
    hash: str


def entry_digest(entry: Entry) -> str:
    """Return the SHA-256 of an entry's canonical JSON in hex; which batch sealed it is not part of it."""
    values = {name: value for name, value in asdict(entry).items() if name != "batch"}
    values["at"] = entry.at.isoformat(timespec="microseconds")
    return _sha256(canonical(values))


def contents_of(entries: Sequence[Entry]) -> str:
    """Return a batch's contents: id and digest of each entry in order, as canonical JSON."""
    return canonical([[entry.id, entry_digest(entry)] for entry in entries])


def header_bytes(header: Header) -> bytes:
    """Return what is signed: the header's canonical JSON."""
    values = {**asdict(header), "sealed_at": header.sealed_at.isoformat(timespec="microseconds")}
    return canonical(values).encode()


def header_hash(header: Header) -> str:
    """Return the hash by which the next batch names this one."""
    return hashlib.sha256(header_bytes(header)).hexdigest()


def removal_bytes(header: Header, removed_at: datetime) -> bytes:
    """Return what is signed when retention removes a batch's entries."""
    return canonical({
        "header": header_hash(header),
        "number": header.number,
        "removed_at": removed_at.isoformat(timespec="microseconds"),
    }).encode()  # fmt: skip


def removal_problems(batch: Batch, entries: Sequence[Entry], signed: Signed) -> list[str]:
    """Return what is wrong with a batch that says that retention removed its entries."""
    removal, number = batch.removal, batch.header.number
    if removal is None:
        return []
    if not signed(removal.key_id, removal_bytes(batch.header, removal.removed_at), removal.signature):
        return [
            f"Batch {number} says that retention removed its entries, but the audit key did not sign that: somebody else removed them."
        ]
    return [
        f"Entry {entry.id} says that batch {number} sealed it, whose entries retention removed: inserted." for entry in entries
    ]


def make_header(previous: Head | None, entries: Sequence[Entry], *, sealed_at: datetime, key_id: str, note: str = "") -> Header:
    """Return the header of the batch that seals these entries after `previous`."""
    return Header(
        number=previous.number + 1 if previous else 1,
        previous_hash=previous.hash if previous else FIRST,
        entries_hash=_sha256(contents_of(entries)),
        count=len(entries),
        first_id=entries[0].id if entries else "",
        last_id=entries[-1].id if entries else "",
        sealed_at=sealed_at,
        key_id=key_id,
        note=note,
    )


def header_problems(batch: Batch, signed: Signed) -> list[str]:
    """Return what is wrong with a batch taken by itself: its signature, and whether its contents are the ones it sealed."""
    header, name = batch.header, f"Batch {batch.header.number}"
    genuine = signed(header.key_id, header_bytes(header), batch.signature)
    found = []
    if genuine is None:
        found.append(f"{name} was signed by the key {header.key_id}, which is not among the audit keys of this installation.")
    elif not genuine:
        found.append(f"{name} has a header that the audit key did not sign: the header was changed.")
    if batch.removal is None and _sha256(batch.contents) != header.entries_hash:
        found.append(f"{name} lists other entries than the ones that it sealed: the list was changed.")
    return found


def link_problems(previous: Head | None, batch: Batch) -> list[str]:
    """Return what is wrong between a batch and the one before it."""
    header = batch.header
    expected = previous.number + 1 if previous else 1
    if header.number > expected:
        # The operator signed for the gap when the database was put back from a backup; anybody else could not.
        return [] if header.note else [f"{_numbers(expected, header.number - 1)} missing: removed from the database."]
    if header.previous_hash != (previous.hash if previous else FIRST):
        return [f"Batch {header.number} does not follow the batch before it: one of the two was replaced."]
    return []


def entry_problems(batch: Batch, entries: Sequence[Entry]) -> list[str]:
    """Return what is wrong between a batch's contents and the entries that are stored for it, in the order of their ids."""
    number = batch.header.number
    try:
        sealed: Mapping[str, str] = {str(entry_id): str(digest) for entry_id, digest in json.loads(batch.contents)}
    except (ValueError, TypeError):
        return [f"The list of entries of batch {number} cannot be read, so its entries cannot be checked one by one."]
    present = {entry.id: entry for entry in entries}
    moved = _exchanged([entry for entry in entries if entry.id in sealed and entry_digest(entry) != sealed[entry.id]], sealed)
    found = [
        f"Entry {entry_id} of batch {number} is missing: removed, or moved out of its batch."
        for entry_id in sealed
        if entry_id not in present
    ]
    for entry in entries:
        if entry.id not in sealed:
            found.append(f"Entry {entry.id} says that batch {number} sealed it, but it did not: inserted, or moved into it.")
        elif entry.id in moved:
            found.append(
                f"Entry {entry.id} of batch {number} stands in the place of entry {moved[entry.id]}: they were re-ordered."
            )
        elif entry_digest(entry) != sealed[entry.id]:
            found.append(f"Entry {entry.id} of batch {number} was changed after it was sealed.")
    if not found and list(present) != list(sealed):
        found.append(f"The entries of batch {number} are in another order than the one in which they were sealed.")
    if len(sealed) != batch.header.count:
        found.append(f"Batch {number} says that it sealed {batch.header.count} entries, but it lists {len(sealed)}.")
    return found


def _exchanged(changed: Sequence[Entry], sealed: Mapping[str, str]) -> dict[str, str]:
    """Return which of the changed entries are whole entries in others' places: their id here, and the id that they were sealed with."""
    if len(changed) > MOST_COMPARED:
        return {}
    found = {}
    for entry in changed:
        for other in changed:
            if other.id != entry.id and entry_digest(replace(entry, id=other.id)) == sealed[other.id]:
                found[entry.id] = other.id
    return found


def end_problems(last: Head | None, head: Head | None) -> list[str]:
    """Return what is wrong between the newest stored batch and the newest one known outside the database."""
    if head is None or (last is not None and last.number > head.number):
        return []  # the process stopped between storing a batch and noting it, which the next sealing makes up for
    if last is None or last.number < head.number:
        return [f"{_numbers(last.number + 1 if last else 1, head.number)} missing at the end: removed from the database."]
    return [] if last.hash == head.hash else [f"Batch {last.number} is not the one that was sealed last: it was replaced."]


def _numbers(first: int, last: int) -> str:
    return f"Batch {first} is" if first == last else f"Batches {first} to {last} are"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
