"""USER MANAGEMENT > Users > Import and export: upload, choose the columns, try, carry out, and download."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response, StreamingResponse

from homeport.directory.people.actions import PeopleActions
from homeport.directory.people.model import FIELDS, UserState
from homeport.directory.people.model.imports import (
    ENCODINGS,
    IMPORTED,
    LARGEST_FILE,
    Meaning,
    Phase,
    UserImport,
)
from homeport.directory.people.pages.words import LABELS, WORDS, counted
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import PageActor
from homeport.foundation.http.forms import TypedForm, form_for
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.csv_lines import csv_line
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import Templates

PATH = "/admin/users/import"
CHUNK = 1_000_000
UploadForm = Annotated[FormData, form_for(Permission.USERS_WRITE)]
SHOWN_REFUSALS = 100
AT_ONCE = 1000
COLUMN_LABELS = {**{name: LABELS[name] for name in FIELDS}, "state": "State", "groups": "User groups, separated by semicolons"}
_COLUMNS_THAT_NEED = {Permission.GROUPS_WRITE.value: "column-groups", Permission.USERS_STATE.value: "column-state"}
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "vertical bar": "|"}


@dataclass(frozen=True, slots=True)
class ImportPages:
    """The pages of an import. They must come before those of one user, whose paths would take theirs."""

    work: Work[PeopleActions]
    templates: Templates

    def router(self) -> Router:
        """Return the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route(PATH, self.start, methods=["GET"])
        router.add_api_route(PATH, self.upload, methods=["POST"])
        router.add_api_route(PATH + "/{import_id}", self.show, methods=["GET"])
        router.add_api_route(PATH + "/{import_id}/progress", self.progress, methods=["GET"])
        router.add_api_route(PATH + "/{import_id}/check", self.check, methods=["POST"])
        router.add_api_route(PATH + "/{import_id}/run", self.run, methods=["POST"])
        router.add_api_route(PATH + "/{import_id}/refused.csv", self.refused, methods=["GET"])
        router.add_api_route("/admin/users/export.csv", self.export_users, methods=["GET"])
        router.add_api_route("/admin/user-groups/export.csv", self.export_groups, methods=["GET"])
        return router

    def start(self, request: Request, actor: PageActor) -> Response:
        """Show the form for a file."""
        actor.require(Permission.USERS_WRITE)
        return self._start_page(request, FormState())

    def upload(self, request: Request, actor: PageActor, submission: UploadForm) -> Response:
        """Store the file and lead to the choice of columns, or say what is wrong with it."""
        form, file = FormState(), submission.get("file")
        if not isinstance(file, UploadFile) or not file.size:
            form.fail("file", "Choose a CSV file that is not empty.")
        elif file.size > LARGEST_FILE:
            form.fail(
                "file",
                f"The file has {file.size // 1_000_000:,} MB; at most {LARGEST_FILE // 1_000_000} MB can be imported at once. "
                "Split it and import one part after another.",
            )
        if not form.valid or not isinstance(file, UploadFile):
            return self._start_page(request, form, status=400)
        try:
            with self.work.write() as act:
                one = act.imports.upload(actor, file.filename or "", iter(lambda: file.file.read(CHUNK), b""))
        except Invalid as error:
            form.fail("file", error.detail)
            return self._start_page(request, form, status=400)
        return RedirectResponse(f"{PATH}/{one.id}", 303)

    def show(self, request: Request, actor: PageActor, import_id: str) -> Response:
        """Show the import as far as it came: columns to choose, a bar, what would change, or what did."""
        with self.work.read() as act:
            one = act.imports.get(actor, import_id)
        return self._page(request, actor, one, _form_of(one))

    def progress(self, request: Request, actor: PageActor, import_id: str) -> Response:
        """Return the bar alone, for the page that is open."""
        with self.work.read() as act:
            one = act.imports.get(actor, import_id)
            job = act.imports.job_of(actor, one)
        return self.templates.render("people/import_progress.html", request, one=one, job=job)

    def check(self, request: Request, actor: PageActor, import_id: str, submission: TypedForm) -> Response:
        """Begin to try the file without writing, or say which column may not be or is missing."""
        actor.require(Permission.USERS_WRITE)
        form = FormState.typed(submission)
        try:
            with self.work.write() as act:
                act.imports.check(actor, import_id, _meaning(form))
        except (Invalid, Conflict, Denied) as error:
            denied = error.permission if isinstance(error, Denied) else ""
            form.explain(error, places={"email": "column-email"}, at=_COLUMNS_THAT_NEED.get(denied, ""))
            with self.work.read() as act:
                one = act.imports.get(actor, import_id)
            return self._page(request, actor, one, form, status=403 if denied else 400)
        return RedirectResponse(f"{PATH}/{import_id}", 303)

    def run(self, actor: PageActor, import_id: str) -> Response:
        """Begin to carry out what was checked."""
        with self.work.write() as act:
            act.imports.run(actor, import_id)
        return RedirectResponse(f"{PATH}/{import_id}", 303)

    def refused(self, actor: PageActor, import_id: str) -> Response:
        """Download the refused rows with their reasons."""
        with self.work.read() as act:
            act.imports.get(actor, import_id)
        return _download(self._refused_lines(actor, import_id), "refused-users.csv")

    def export_users(self, request: Request, actor: PageActor) -> Response:
        """Download users by user name, all or those of a state or a group."""
        actor.require(Permission.USERS_READ)
        asked = {"state": request.query_params.get("state", ""), "group": request.query_params.get("group", "")}
        return _download(self._user_lines(actor, **asked), "users.csv")

    def export_groups(self, actor: PageActor) -> Response:
        """Download user groups by name."""
        actor.require(Permission.GROUPS_READ)
        return _download(self._group_lines(actor), "user-groups.csv")

    def _refused_lines(self, actor: Actor, import_id: str) -> Iterator[str]:
        yield csv_line(["line", "field", "reason", "cells"])
        last = 0
        while True:
            with self.work.read() as act:
                found = act.imports.refusals(actor, import_id, after=last, limit=AT_ONCE)
            yield "".join(csv_line([str(one.line), one.field, one.reason, *one.cells]) for one in found)
            if len(found) < AT_ONCE:
                return
            last = found[-1].line

    def _user_lines(self, actor: Actor, *, state: str, group: str) -> Iterator[str]:
        yield csv_line([*FIELDS, "state", "groups"])
        last, read_groups = "", actor.may(Permission.GROUPS_READ)
        while True:
            with self.work.read() as act:
                users = act.imports.users_after(actor, last, group=group, state=state, limit=AT_ONCE)
                names = act.groups.names_of(actor, [user.id for user in users]) if read_groups else {}
            yield "".join(
                csv_line([*(getattr(user, name) for name in FIELDS), user.state.value, ";".join(names.get(user.id, ()))])
                for user in users
            )
            if len(users) < AT_ONCE:
                return
            last = users[-1].username

    def _group_lines(self, actor: Actor) -> Iterator[str]:
        yield csv_line(["name", "description", "users"])
        skip = 0
        while True:
            with self.work.read() as act:
                page = act.groups.list(actor, Listing(skip=skip, limit=AT_ONCE)).items
                members = act.groups.count_members(actor, [group.id for group in page])
            yield "".join(csv_line([group.name, group.description, str(members[group.id])]) for group in page)
            if len(page) < AT_ONCE:
                return
            skip += AT_ONCE

    def _start_page(self, request: Request, form: FormState, *, status: int = 200) -> Response:
        largest = LARGEST_FILE // 1_000_000
        return self.templates.render("people/import_start.html", request, status=status, form=form, largest=largest)

    def _page(self, request: Request, actor: Actor, one: UserImport, form: FormState, *, status: int = 200) -> Response:
        preview: Any = []
        with self.work.read() as act:
            job = act.imports.job_of(actor, one)
            refusals = act.imports.refusals(actor, one.id, limit=SHOWN_REFUSALS)
            if one.phase in {Phase.UPLOADED, Phase.CHECKED, Phase.FAILED}:
                try:
                    preview = act.imports.preview(actor, one)
                except Invalid as error:
                    form.refuse(error.detail)
        header = preview[0] if preview else []
        return self.templates.render(
            "people/import.html",
            request,
            status=status,
            one=one,
            job=job,
            form=form,
            preview=preview,
            refusals=refusals,
            fields=[(name, COLUMN_LABELS[name]) for name in IMPORTED],
            columns=[(str(place), name or f"Column {place + 1}") for place, name in enumerate(header)],
            encodings=list(ENCODINGS.items()),
            delimiters=[(word, word.capitalize()) for word in _DELIMITERS],
            states=[(state.value, WORDS[state][0]) for state in (UserState.ACTIVATED, UserState.STAGED)],
            to_take=counted(one.counts.get("new", 0) + one.counts.get("changed", 0), "user"),
        )


def _meaning(form: FormState) -> Meaning:
    columns = {name: form.value(f"column-{name}") for name in IMPORTED}
    places = {name: int(text) for name, text in columns.items() if text.isascii() and text.isdecimal() and len(text) <= 3}  # noqa: PLR2004 - 200 columns at most
    encoding = form.value("encoding")
    return Meaning(
        encoding if encoding in ENCODINGS else "utf-8-sig",
        _DELIMITERS.get(form.value("delimiter"), ","),
        places,
        "STAGED" if form.value("state") == "STAGED" else "ACTIVATED",
        form.checked("make_groups"),
    )


def _form_of(one: UserImport) -> FormState:
    columns = {f"column-{name}": str(place) for name, place in one.meaning.columns.items()}
    return FormState.showing(
        **columns,
        encoding=one.meaning.encoding,
        delimiter=next(word for word, sign in _DELIMITERS.items() if sign == one.meaning.delimiter),
        state=one.meaning.state,
        make_groups=one.meaning.make_groups,
    )


def _download(lines: Iterator[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
