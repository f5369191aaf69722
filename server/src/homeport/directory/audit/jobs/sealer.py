"""Seals what was written since the last time, and verifies the whole log."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from homeport.directory.audit.jobs import chain
from homeport.directory.audit.jobs.chain import Head
from homeport.directory.audit.jobs.keys import AuditKeys
from homeport.directory.audit.model import Batch, Entry, Proof, Removal
from homeport.directory.audit.store import AuditStore
from homeport.foundation.database.engine import Work
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import NotFound

BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. The log holds when `problems` is empty; `remarks` are gaps that an operator signed for."""

    batches: int
    entries: int
    unsealed: int
    """Entries that no batch has sealed yet; nothing proves these."""
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether nothing contradicts."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class AuditSealer:
    """Seals and verifies. The batch is stored first and noted outside the database afterwards, so a crash between the two leaves the
    database ahead by one batch, which the next sealing notes; the other order would look like a removed batch.
    """  # noqa: D205 - one sentence of meaning, one of order

    work: Work[AuditStore]
    keys: AuditKeys
    clock: Clock
    turn: threading.Lock = field(default_factory=threading.Lock)

    def seal(self) -> int:
        """Seal everything that waits, in batches of at most a thousand; return how many entries were sealed."""
        total = 0
        with self.turn:
            if self._idle():
                return 0
            while sealed := self._seal_batch():
                total += sealed
                if sealed < BATCH_SIZE:
                    break
        return total

    def sign_for_gap(self, note: str) -> None:
        """Seal one batch with a note that says why batches before it are missing, after the database was put back from a backup.

        The batches after the backup's last one stay missing; their numbers are not used again.
        """
        with self.turn:
            with self.work.write() as log:
                head = self.add_gap_batch(log, note)
            self.keys.note(head)

    def add_gap_batch(self, log: AuditStore, note: str) -> Head:
        """Add that batch in the caller's unit of work, and return the head to note once it is stored."""
        if not note:
            raise ValueError("a gap needs its reason")
        newest, _ = self._add_batch(log, note)
        assert newest is not None  # a batch with a note is added even without entries
        return newest

    def verify(self) -> Verdict:
        """Prove every header and every sealed entry; name each contradiction in a sentence."""
        head = self.keys.head()  # read first: the log only grows, so it may be ahead of this but never behind
        problems: list[str] = []
        remarks: list[str] = []
        removed: list[int] = []
        previous: Head | None = None
        batches = entries = 0
        with self.work.snapshot() as log:  # retention removes batches meanwhile, and sealing adds them
            for batch in log.batches():
                stored = log.entries_of(batch.header.number)
                problems += chain.link_problems(previous, batch)
                problems += chain.header_problems(batch, self.keys.signed)
                if batch.removal is None:
                    problems += chain.entry_problems(batch, stored)
                elif found := chain.removal_problems(batch, stored, self.keys.signed):
                    problems += found
                else:
                    removed.append(batch.header.number)
                if batch.header.note:
                    remarks.append(f"Batch {batch.header.number}: {batch.header.note}")
                previous = Head(batch.header.number, chain.header_hash(batch.header))
                batches += 1
                entries += len(stored)
            problems += chain.end_problems(previous, head)
            problems += [f"Entry {entry.id} names batch {entry.batch}, which does not exist." for entry in log.orphans()]
            unsealed = log.count_unsealed()
        if removed:
            which = f"batch {removed[0]}" if len(removed) == 1 else f"{len(removed)} batches, {removed[0]} to {removed[-1]}"
            remarks.append(f"Retention removed the entries of {which}; the signed headers stay.")
        return Verdict(batches, entries, unsealed, tuple(problems), tuple(remarks))

    def prove(self, entry: Entry) -> Proof | None:
        """Return where an entry stands in the chain, and what contradicts in its batch or between it and the one before.

        Raises NotFound when retention has removed the entry since it was read.
        """
        if entry.batch is None:
            return None
        with self.work.snapshot() as log:
            batch, before = log.batch(entry.batch), log.batch(entry.batch - 1)
            stored = log.entries_of(entry.batch)
        if batch is None:
            return Proof(entry.batch, 0, 0, entry.at, "", (f"Entry {entry.id} names batch {entry.batch}, which does not exist.",))
        previous = Head(before.header.number, chain.header_hash(before.header)) if before else None
        problems = chain.header_problems(batch, self.keys.signed)
        if batch.removal is None:
            problems += chain.entry_problems(batch, stored)
        elif found := chain.removal_problems(batch, stored, self.keys.signed):
            problems += found
        else:
            raise NotFound("There is no such event any more. Retention has removed it.")
        if previous or entry.batch == 1 or not batch.header.note:
            problems = chain.link_problems(previous, batch) + problems
        position = next((place for place, one in enumerate(stored, 1) if one.id == entry.id), 0)
        return Proof(entry.batch, position, batch.header.count, batch.header.sealed_at, batch.header.key_id, tuple(problems))

    def remove_before(self, moment: datetime) -> int:
        """Remove the entries of whole batches that were sealed before the moment, and keep their headers; return how many entries.

        Each batch goes in a unit of work of its own. A batch that an enabled destination has not got yet stays, and so do those after it.
        """
        total = 0
        while gone := self._remove_batch(moment):
            total += gone
        return total

    def _remove_batch(self, moment: datetime) -> int:
        with self.work.read() as log:
            if not self._removable(log, moment):
                return 0
        with self.work.write() as log:
            batch = self._removable(log, moment)
            if batch is None:
                return 0
            now = self.clock.now()
            signature = self.keys.sign(chain.removal_bytes(batch.header, now))
            log.remove_entries(batch.header.number, Removal(now, self.keys.newest, signature))
            return batch.header.count or 1  # a batch that only carries a note has no entries, and others may follow it

    def _removable(self, log: AuditStore, moment: datetime) -> Batch | None:
        batch, slowest = log.oldest_kept(), log.slowest()
        if batch is None or batch.header.sealed_at >= moment or (slowest is not None and batch.header.number >= slowest):
            return None
        return batch

    def _idle(self) -> bool:
        """Tell, without keeping writers waiting, whether there is nothing to seal and nothing to note."""
        with self.work.read() as log:
            last, noted = log.last_batch(), self.keys.head()
            behind = last is not None and (noted is None or noted.number < last.header.number)
            return log.count_unsealed() == 0 and not behind

    def _seal_batch(self) -> int:
        with self.work.write() as log:
            noted = self.keys.head()
            newest, sealed = self._add_batch(log, "")
        if newest is not None and (noted is None or newest.number > noted.number):
            self.keys.note(newest)
        return sealed

    def _add_batch(self, log: AuditStore, note: str) -> tuple[Head | None, int]:
        """Seal what waits as one batch in the unit of work of `log`; return the newest batch, and how many entries it sealed."""
        entries = log.unsealed(BATCH_SIZE)
        last = log.last_batch()
        stored = Head(last.header.number, chain.header_hash(last.header)) if last else None
        noted = self.keys.head()
        # A database that is behind goes on after the newest batch known, so that the missing ones stay visible as a gap.
        newest = stored if noted is None or (stored is not None and stored.number >= noted.number) else noted
        if entries or note:
            header = chain.make_header(newest, entries, sealed_at=self.clock.now(), key_id=self.keys.newest, note=note)
            batch = Batch(header, self.keys.sign(chain.header_bytes(header)), chain.contents_of(entries))
            log.add_batch(batch, [entry.id for entry in entries])
            newest = Head(header.number, chain.header_hash(header))
        return newest, len(entries)
