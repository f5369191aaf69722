"""What can be done with a file of users: upload it, try it without writing, carry it out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import JSON, Resource
from homeport.directory.people.actions.import_rows import RowImport
from homeport.directory.people.model import User
from homeport.directory.people.model.imports import (
    LARGEST_FILE,
    MOST_COLUMNS,
    Meaning,
    Phase,
    Refused,
    Row,
    UserImport,
    guess_columns,
    guess_delimiter,
    guess_encoding,
    lines,
    records,
    why_it_stopped,
)
from homeport.directory.people.ports import ImportStore, JobHandle, Outbox
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission

KIND = "people.import"
_NEEDED = {"groups": ("user groups", Permission.GROUPS_WRITE), "state": ("states", Permission.USERS_STATE)}
"""What a column needs besides the permission to write users."""
PREVIEWED = 5


@dataclass(frozen=True, slots=True)
class Imports:
    """The imports of one unit of work."""

    store: ImportStore
    rows: RowImport
    jobs: Outbox
    audit: Audit
    clock: Clock
    entropy: Entropy

    def upload(self, actor: Actor, filename: str, chunks: Iterable[bytes]) -> UserImport:
        """Store a file and guess how it is read; raise Invalid when it is empty, too large, or no table with a heading."""
        actor.require(Permission.USERS_WRITE)
        now = self.clock.now()
        name = "".join(character for character in filename if character.isprintable())[:255] or "users.csv"
        one = UserImport(
            self.entropy.new_id(), name, 0, Meaning("utf-8-sig", ",", {}), Phase.UPLOADED, "", {}, "", actor.name, now
        )
        self.store.add(one)
        size = 0
        for number, chunk in enumerate(chunks):
            size += len(chunk)
            if size > LARGEST_FILE:
                raise Invalid(
                    f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Split it and import one part after another."
                )
            self.store.append(one.id, number, chunk)
        encoding = guess_encoding(self._chunks(one.id))
        first = next(lines(self._chunks(one.id), encoding), "")
        if not first.strip():
            raise Invalid("The file is empty, or its first line is. The first line must hold the names of the columns.")
        if "\x00" in first:
            raise Invalid("The file holds NUL bytes, so it is no text that can be read. Save it again as “CSV UTF-8”.")
        delimiter = guess_delimiter(first)
        header = next(records(self._chunks(one.id), encoding, delimiter))[1]
        if len(header) > MOST_COLUMNS:
            raise Invalid(f"The first line has {len(header)} columns; at most {MOST_COLUMNS} can be imported.")
        one = replace(one, size=size, meaning=Meaning(encoding, delimiter, guess_columns(header)))
        self.store.save(one)
        return one

    def get(self, actor: Actor, import_id: str) -> UserImport:
        """Return an import; raise NotFound."""
        actor.require(Permission.USERS_WRITE)
        return _found(self.store.get(import_id))

    def preview(self, actor: Actor, one: UserImport) -> Sequence[Sequence[str]]:
        """Return the heading and the first rows; raise Invalid when the file cannot be read so."""
        actor.require(Permission.USERS_WRITE)
        found = records(self._chunks(one.id), one.meaning.encoding, one.meaning.delimiter)
        return [cells for _, cells in (pair for _, pair in zip(range(PREVIEWED + 1), found, strict=False))]

    def job_of(self, actor: Actor, one: UserImport) -> JobHandle | None:
        """Return the job of the last check or run, with how far it came."""
        actor.require(Permission.USERS_WRITE)
        return self.jobs.get(one.job_id)

    def refusals(self, actor: Actor, import_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Refused]:
        """Return what the last check or run refused."""
        actor.require(Permission.USERS_WRITE)
        return self.store.refusals(import_id, after, limit)

    def check(self, actor: Actor, import_id: str, meaning: Meaning) -> UserImport:
        """Begin to try the file without writing; raise Invalid when no column tells users apart, Denied for one that may not be."""
        actor.require(Permission.USERS_WRITE)
        one = _found(self.store.get_for_update(import_id))
        if one.phase not in {Phase.UPLOADED, Phase.CHECKED, Phase.FAILED}:
            raise Conflict("This import has already begun.", reason="import_begun")
        if not {"email", "username"} & meaning.columns.keys():
            raise Invalid(
                "No column says who a user is. Choose a column for the e-mail address, the user name, or both.",
                {"email": "Choose the column of the e-mail address or of the user name."},
            )
        if len(set(meaning.columns.values())) != len(meaning.columns):
            raise Invalid("One column is chosen for two fields. Choose another for one of them.")
        _require_columns(actor, meaning)
        return self._begin(actor, replace(one, meaning=meaning), Phase.CHECKING)

    def run(self, actor: Actor, import_id: str) -> UserImport:
        """Begin to carry out what was checked."""
        actor.require(Permission.USERS_WRITE)
        one = _found(self.store.get_for_update(import_id))
        if one.phase is not Phase.CHECKED:
            raise Conflict("This import was already carried out, or was not checked yet.", reason="import_begun")
        _require_columns(actor, one.meaning)
        details: dict[str, JSON] = {"file": one.filename, "size": one.size}
        self.audit.record(actor, "users_import", resource=Resource("user_import", one.id, one.filename), details=details)
        return self._begin(actor, one, Phase.RUNNING)

    def take(self, actor: Actor, one: UserImport, rows: Sequence[Row], seen: dict[str, int]) -> Mapping[str, int]:
        """Judge rows, store those that are right unless it is only a check, and what is wrong with the others; count them."""
        actor.require(Permission.USERS_WRITE)
        judged = self.rows.judge(actor, rows, one.meaning, seen)
        if one.phase is Phase.RUNNING:
            self.rows.store_all(actor, judged, one.meaning)
        self.store.refuse(one.id, judged.refused)
        return judged.counts()

    def settle(self, job: JobHandle) -> None:
        """Store that the import's job took all rows."""
        # public: for the job, which acts for who began it
        one = self._moved_by(job)
        if one is not None:
            phase = Phase.DONE if one.phase is Phase.RUNNING else Phase.CHECKED
            self.store.save(replace(one, phase=phase, counts=dict(job.result), problem=""))
            if phase is Phase.DONE:
                self.store.drop_file(one.id)

    def fail(self, job: JobHandle, cause: str) -> None:
        """Store why the import's job ended before the file did, in a sentence; the file stays, so that it can be tried again."""
        # public: for the job, which acts for who began it
        one = self._moved_by(job)
        if one is not None:
            problem = why_it_stopped(one.phase, cause, job.result, job.done, job.total)
            self.store.save(replace(one, phase=Phase.FAILED, counts=dict(job.result), problem=problem))

    def chunk(self, actor: Actor, import_id: str, number: int) -> bytes | None:
        """Return a part of the file; None after the last."""
        actor.require(Permission.USERS_WRITE)
        return self.store.chunk(import_id, number)

    def users_after(self, actor: Actor, username: str, *, group: str, state: str, limit: int) -> Sequence[User]:
        """Return the next users of an export."""
        actor.require(Permission.USERS_READ)
        return self.store.users_after(username, group, state, limit)

    def _moved_by(self, job: JobHandle) -> UserImport | None:
        """Return the import, held, if it is still this job that works on it."""
        one = self.store.get_for_update(job.payload["import"])
        return one if one is not None and one.moving and one.job_id == job.id else None

    def _begin(self, actor: Actor, one: UserImport, phase: Phase) -> UserImport:
        self.store.forget_refusals(one.id)
        payload = {"import": one.id, "actor": as_payload(actor)}
        one = replace(one, phase=phase, counts={}, problem="", job_id=self.jobs.add(KIND, payload).id)
        self.store.save(one)
        return one

    def _chunks(self, import_id: str) -> Iterable[bytes]:
        number = 0
        while (chunk := self.store.chunk(import_id, number)) is not None:
            yield chunk
            number += 1


def as_payload(actor: Actor) -> dict[str, Any]:
    """Return who acts, as a job keeps it: with the permissions of the moment in which they confirmed."""
    return {
        "kind": actor.kind.value,
        "id": actor.id,
        "name": actor.name,
        "role": actor.role,
        "permissions": sorted(permission.value for permission in actor.permissions),
        "origin": [actor.origin.address, actor.origin.user_agent, actor.origin.request_id],
    }


def from_payload(kept: Mapping[str, Any]) -> Actor:
    """Return the actor of a job's payload; a permission that no longer exists is left out."""
    known = {permission.value for permission in Permission}
    permissions = frozenset(Permission(name) for name in kept["permissions"] if name in known)
    return Actor(
        ActorKind(kept["kind"]), kept["id"], kept["name"], permissions, role=kept["role"], origin=Origin(*kept["origin"])
    )


def _require_columns(actor: Actor, meaning: Meaning) -> None:
    """Raise Denied when a column would change what the actor may not, so that no import ends half done for that."""
    for name, (what, permission) in _NEEDED.items():
        if name in meaning.columns and not actor.may(permission):
            raise Denied(
                f"The file has a column of {what}, and to import it needs the permission “{permission}”, which your role "
                f"{actor.role or '(none)'} does not have. Choose “Not in the file” for that column, or let somebody import the file "
                "who has it.",
                permission=permission.value,
            )


def _found(one: UserImport | None) -> UserImport:
    if one is None:
        raise NotFound("There is no such import. It may have been forgotten after seven days.")
    return one
