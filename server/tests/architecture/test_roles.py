"""Every route as every role: who gets in is what the one table of roles says of the permission that the route needs."""

import asyncio
import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

import pytest
from fastapi.testclient import TestClient
from tests.support.factor import set_up
from tests.support.house import ISSUER
from tests.support.routes import BODIES, NEEDS, SENSITIVE, guarded_routes
from tests.support.routes.offers import not_allowed

from homeport.bootstrap.web import application
from homeport.directory.admins.model import BILLING, READ_ONLY, REQUIRED_FOR, ROLES, Administrator
from homeport.directory.audit.model import DestinationKind
from homeport.foundation.http.middleware import Shell
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import Action as AccessAction
from homeport.trust.access.model import Mode, Portal
from homeport.trust.federation.tables import federated_identities
from homeport.trust.signin.password.pages import ADMINISTRATORS

ROOT = system("test")
PASSWORD = "five words nobody would guess"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMED = re.compile(r"needs the permission “([a-z_]+:[a-z_]+)”")
ENDING = "POST /signout"
RECORDED = ("id", "event_type", "actor_name", "address", "user_agent", "request_id", "success", "changes")
CHANGING = re.compile(r"_(update|suspend|suspended|activate|activated|set|authority)$|^association_change$")
"""The events of something that exists and becomes another; what is made or ends is whole in its entry or its details."""

CURATOR = "Curator"
ALLOWED = {
    **ROLES,
    CURATOR: frozenset({Permission.USERS_READ, Permission.USERS_STATE, Permission.AUDIT_READ, Permission.API_KEYS_OWN}),
}
"""The built-in roles, and a custom one that is like none of them: it sees neither devices nor sign-ins."""


@dataclass
class Caller:
    """One role as a caller: somebody who signs in to the pages, and a key for the API."""

    administrator: Administrator
    key: str


@pytest.fixture(scope="module")
def app(shared_house):
    return application(shared_house.home)


@pytest.fixture(scope="module")
def client(shared_house, app):
    settings = shared_house.settings
    shell = Shell(app, settings.public_url, shared_house.entropy)
    return TestClient(shell, base_url=settings.public_url, raise_server_exceptions=False, follow_redirects=False)


class There:
    """Something at each address: fills a path's parameters with what exists; `changed` has it made anew, since the call may have ended it."""

    def __init__(self, house):
        self.house, self.numbers, self.kept = house, count(1), {}
        self.makers = {
            r"(/admin/users/|/api/systemusers/|/api/v2/users/)": self.user,
            r"(/admin/devices/|/api/systems/|/api/v2/systems/)": self.device,
            r"(/api/v2/systemgroups/|/admin/device-groups/)": self.device_group,
            r"(/api/v2/usergroups/|/admin/user-groups/)": self.user_group,
            r"(/identity-providers/)": self.provider,
            r"(/access-policies/add/|/access-policies/default/|/authn/defaults/)": lambda: "user_portal",
            r"(/access-policies/|/authn/policies/)": self.access_policy,
            r"(/ip-lists/|/iplists/)": self.ip_list,
            r"(/admin/roles/|/api/roles/)": self.role,
            r"(/service-accounts/)": self.service_account,
            r"(/event-destinations/)": self.event_destination,
            r"(/admin/administrators/|/api/users/|/api/users/resettotp/)": self.administrator,
        }

    def __call__(self, path):
        if "bindings/{binding_id}" in path:
            for made in self.once(self.binding):
                path = re.sub(r"\{[^}]+\}", made, path, count=1)
        for prefix, make in self.makers.items():
            if re.search(prefix + r"\{", path):
                path = re.sub(prefix + r"\{[^}]+\}", rf"\g<1>{self.once(make)}", path)
        return re.sub(r"\{[^}]+\}", "01a20a00-0000-7000-8000-ffffffffffff", path)

    def once(self, make):
        """What was made for an earlier call, unless something has changed since."""
        if make not in self.kept:
            self.kept[make] = make()
        return self.kept[make]

    def changed(self):
        """Let everything be made anew."""
        self.kept.clear()

    def user(self):
        """Somebody with a link to the provider, so that their page offers everything that it can."""
        user = self.house.user(f"person-{next(self.numbers)}").id
        link = {"id": self.house.entropy.new_id(), "user_id": user, "provider_id": self.provider(), "subject": user}
        link |= {"issuer": ISSUER, "subject_hash": user.ljust(64, "0"), "email": "", "state": "active", "created_at": NOW}
        with self.house.home.parts.database.write() as unit:
            unit.connection.execute(federated_identities.insert().values(link))
        return user

    def device(self):
        self.house.clock.forward(seconds=0.3)  # one address may enrol 200 in a minute
        return self.house.device().id

    def device_group(self):
        return self.house.do(lambda act: act.device_groups.create(ROOT, f"group {next(self.numbers)}")).id

    def user_group(self):
        return self.house.do(lambda act: act.user_groups.create(ROOT, name=f"group {next(self.numbers)}")).id

    def access_policy(self):
        wanted = Wanted(f"policy {next(self.numbers)}", AccessAction.DENY, Mode.DISABLED)
        return self.house.do(lambda act: act.access_policies.create(ROOT, Portal.USER, wanted)).id

    def ip_list(self):
        return self.house.do(lambda act: act.ip_lists.create(ROOT, name=f"list {next(self.numbers)}", networks=["192.0.2.1"])).id

    def event_destination(self):
        """One that Homeport refuses to reach, since it is at loopback; there is one at a time."""
        made = {"kind": DestinationKind.WEBHOOK, "name": "SIEM", "address": "https://127.0.0.1:9/"}
        for one in self.house.do(lambda act: act.destinations.list(ROOT)):
            self.house.do(lambda act, one=one: act.destinations.delete(ROOT, one.id))
        return self.house.do(lambda act: act.destinations.create(ROOT, **made)[0].id)

    def provider(self):
        found = self.house.sql("SELECT id FROM identity_providers WHERE state = 'active'")
        return found[0][0] if found else self.house.connect().id

    def administrator(self):
        email = f"a{next(self.numbers)}@example.com"
        made = Administrator(self.house.entropy.new_id(), email, "", "", READ_ONLY, "x", True, 1, NOW, NOW)
        self.house.do(lambda act: act.administrators.administrators.add(made))
        return made.id

    def role(self):
        """The one custom role that nobody has; made again when it was deleted."""
        free = [one for one in self.house.do(lambda act: act.roles.list(ROOT)) if one.name != CURATOR]
        wanted = [Permission.USERS_READ.value]
        return (free or [self.house.do(lambda act: act.roles.create(ROOT, name="Spare", permissions=wanted))])[0].id

    def service_account(self):
        name = f"account {next(self.numbers)}"
        return self.house.do(lambda act: act.service_accounts.create(ROOT, name=name, role=READ_ONLY)).id

    def binding(self):
        self.house.provision()
        device, user = self.device(), self.user()
        bound = self.house.do(lambda act: act.bindings.admit(act.people.get(ROOT, user), act.devices.find(device), "a sign-in"))
        return device, bound.id


@pytest.fixture(scope="module")
def there(shared_house):
    return There(shared_house)


@pytest.fixture(scope="module")
def callers(shared_house):
    def enter(role):
        def deed(act):
            email = f"{role.lower().replace(' ', '.')}@example.com"
            links = act.administrator_links
            token = links.issue(ROOT) if role == BILLING else links.invite(ROOT, email, role)
            made = links.accept(token, email=email, firstname="", lastname="", password=PASSWORD)
            changed = act.administrators.change(ROOT, made.id, role=role, api_keys_allowed=True)
            if role in REQUIRED_FOR:
                set_up(act, changed, shared_house.clock)
            return Caller(changed, act.api_keys.create(ROOT, name=role, owner_id=made.id)[1])

        return shared_house.do(deed)

    shared_house.do(lambda act: act.roles.create(ROOT, name=CURATOR, permissions=[one.value for one in ALLOWED[CURATOR]]))
    return {role: enter(role) for role in ALLOWED}


@pytest.fixture(scope="module")
def enter(shared_house, callers):
    """What a role sends with a request: its key, or the cookie of a session that began just now, since one ends with *Sign Out* or with time."""

    def start(role):
        _, token = shared_house.do(lambda act: act.sessions.start(callers[role].administrator, Origin()))
        cookie = {"Cookie": f"{ADMINISTRATORS.cookies.session}={token}"}
        return lambda route: {"x-api-key": callers[role].key} if route.split()[1].startswith(("/api/", "/insights/")) else cookie

    return start


@pytest.fixture(scope="module")
def known(app):
    """Every guarded route, those that only read before those that may change what they read."""
    return tuple(sorted(guarded_routes(app), key=lambda one: not one.startswith("GET ")))


@pytest.fixture(scope="module")
def read(shared_house, client, there, enter, known):
    """What a role is answered wherever one only reads, asked once for all tests; with the audit entries that were there before."""

    @cache
    def walk(role):
        before = {row[0] for row in shared_house.sql("SELECT id FROM audit_entries")}
        headers = enter(role)
        return before, {one: ask(client, one, there, headers(one)) for one in known if one.startswith("GET ")}

    return walk


def ask(client, route, there, headers):
    method, path = route.split()
    headers = {"Sec-Fetch-Site": "same-origin", **headers}
    answer = client.request(method, there(path), headers=headers, **BODIES.get(route, {}))
    if method != "GET" and answer.status_code < 400 and not answer.headers.get("location", "").startswith("/signin"):
        there.changed()
    return answer


def refused(answer):
    """The permission that the answer names as missing, or nothing."""
    found = NAMED.search(html.unescape(answer.text)) if answer.status_code == 403 else None
    return found[1] if found else ""


def test_every_guarded_route_declares_what_it_needs_and_nothing_else_is_declared(app):
    routes = set(guarded_routes(app))
    missing, gone = routes - set(NEEDS), set(NEEDS) - routes
    assert not missing, f"say in tests/support/routes/needs.py what these need: {sorted(missing)}"
    assert not gone, f"these are no routes any more: {sorted(gone)}"


def test_every_declared_permission_is_one():
    assert {name for needed in NEEDS.values() for name in needed.split()} <= {one.value for one in Permission}


def test_each_route_asks_for_exactly_the_permissions_that_it_declares(app, client, there, known, shared_house):
    """Begins with none and is given what each refusal names, until nothing is refused."""
    wrong = []
    sessions, keys = app.state.authenticate_session, app.state.authenticate_key
    try:
        for route in known:
            held, answer = set(), None
            while answer is None or refused(answer):
                if answer is not None:
                    assert refused(answer) not in held, f"{route} refuses a permission that is held"
                    held.add(refused(answer))
                permissions = frozenset(Permission(name) for name in held)
                actor = Actor(
                    ActorKind.ADMINISTRATOR, "x", "x", permissions, session_id="s", authenticated_at=shared_house.clock.now()
                )
                app.state.authenticate_session = app.state.authenticate_key = lambda _request, actor=actor: actor
                answer = ask(client, route, there, {})
            if held != set(NEEDS.get(route, "").split()):
                wrong.append(f"{route}: {' '.join(sorted(held)) or 'nothing'}")
            climbs = "may do more than you" in answer.text  # the actor of this test has less than any role
            assert climbs or answer.status_code not in {401, 403, 405, 415, 422, 500}, (
                f"{route}: {answer.status_code} {answer.text[:300]}"
            )
            if not held and NEEDS.get(route):
                wrong.append(f"{route} answered {answer.status_code} before it asked; give it a body: {answer.text[:200]}")
    finally:
        app.state.authenticate_session, app.state.authenticate_key = sessions, keys
    assert not wrong, "\n".join(wrong)


def check_what_was_recorded(house, actor_id, before):
    """Every event of theirs says from where; every change of something that exists says what it was and what it became."""
    rows = house.sql(f"SELECT {', '.join(RECORDED)} FROM audit_entries WHERE actor_id = '{actor_id}'")
    recorded = [one for one in (dict(zip(RECORDED, row, strict=True)) for row in rows) if one["id"] not in before]
    assert recorded
    nowhere = [one for one in recorded if not all(one[name] for name in ("actor_name", "address", "user_agent", "request_id"))]
    assert not nowhere
    silent = [one for one in recorded if one["success"] and CHANGING.search(one["event_type"]) and one["changes"] == "[]"]
    assert not silent


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_gets_in_exactly_where_the_table_says_so(client, there, callers, enter, known, read, role, shared_house):
    wrong = []
    before, answers = read(role)
    headers = enter(role)
    for route in sorted(known, key=lambda one: one == ENDING):
        needed = {Permission(name) for name in NEEDS.get(route, "").split()}
        answer = answers[route] if route in answers else ask(client, route, there, headers(route))
        if needed <= ALLOWED[role]:
            gets_in = answer.status_code not in {401, 403} and not answer.headers.get("location", "").startswith("/signin?")
        else:
            gets_in = refused(answer) not in {one.value for one in needed - ALLOWED[role]}
        if gets_in != (needed <= ALLOWED[role]):
            wrong.append(f"{route}: {answer.status_code} {answer.headers.get('location', '')} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    check_what_was_recorded(shared_house, callers[role].administrator.id, before)


@pytest.mark.parametrize("role", ALLOWED)
def test_a_page_offers_a_role_only_what_it_may_do(known, read, role):
    """Follows every link and form of every page that the role can read."""
    _, answers = read(role)
    pages = [route for route in known if route.startswith("GET /admin") and not route.endswith(("/delete", "/revoke"))]
    wrong, seen = [], 0
    for route in pages:
        answer = answers[route]
        needed = {Permission(name) for name in NEEDS.get(route, "").split()}
        assert not answer.headers.get("location", "").startswith("/signin?"), f"{route} ended the session"
        assert needed <= ALLOWED[role] or answer.status_code == 403, f"{route} answered {answer.status_code}"
        if answer.status_code == 200:
            seen += 1
            wrong.extend(f"{route} offers {one}" for one in not_allowed(known, answer.text, ALLOWED[role]))
    assert seen > 3
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.mark.parametrize("role", ALLOWED)
def test_the_home_page_offers_a_role_only_what_it_may_do_before_and_after_federation_takes_effect(
    shared_house, client, there, enter, known, role
):
    there.provider()
    there.changed()  # a device's page shows how people come to be on it
    for enabled in (False, True):
        shared_house.provision(enabled=enabled)
        answer = ask(client, "GET /admin", there, enter(role)("GET /admin"))
        assert ("People cannot sign in on devices yet" in answer.text) is not enabled
        assert not list(not_allowed(known, answer.text, ALLOWED[role]))


def test_a_page_offers_whoever_may_just_open_it_only_what_that_allows(app, client, there, known, shared_house):
    """A custom role may hold any permissions: each page is seen with what it needs, and with reading what that lets one change."""
    readable = {one.value for one in Permission}
    sessions, wrong = app.state.authenticate_session, []
    try:
        for route in known:
            needed = NEEDS.get(route, "").split()
            reading = {f"{name.split(':')[0]}:read" for name in needed} & readable
            held = frozenset(Permission(name) for name in {*needed, *reading})
            actor = Actor(ActorKind.ADMINISTRATOR, "x", "x", held, session_id="s", authenticated_at=shared_house.clock.now())
            app.state.authenticate_session = lambda _request, actor=actor: actor
            if route.startswith("GET /admin"):
                answer = ask(client, route, there, {})
                wrong.extend(f"{route} offers {one}" for one in not_allowed(known, answer.text, held))
    finally:
        app.state.authenticate_session = sessions
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_exactly_the_sensitive_acts_ask_to_confirm_who_it_is_after_five_minutes(app, client, there, known, shared_house):
    """A form that is opened before such an act may ask too, so that nothing typed is lost; the act itself must."""
    sessions, wrong = app.state.authenticate_session, []
    long_ago = shared_house.clock.now() - timedelta(minutes=6)
    actor = Actor(ActorKind.ADMINISTRATOR, "x", "x", frozenset(Permission), session_id="s", authenticated_at=long_ago)
    app.state.authenticate_session = lambda _request: actor
    try:
        for route in known:
            if not route.startswith("POST /admin"):
                continue
            asks = ask(client, route, there, {}).headers.get("location", "").startswith("/signin/confirm?")
            if asks != (route in SENSITIVE):
                wrong.append(f"{route} {'asks' if asks else 'does not ask'}")
    finally:
        app.state.authenticate_session = sessions
    assert not wrong, "\n".join(wrong)
    assert {route for route in SENSITIVE if not route.startswith("POST /admin")} == set()


def test_a_file_is_not_even_read_for_somebody_who_may_not_import(app):
    """Otherwise whoever may only look could fill the disk, 256 MB at a time."""
    sessions, answers = app.state.authenticate_session, []
    app.state.authenticate_session = lambda _request: Actor(ActorKind.ADMINISTRATOR, "x", "x", ROLES[READ_ONLY], session_id="s")

    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        answers.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", b"256000000")]
    scope = {"type": "http", "method": "POST", "path": "/admin/users/import", "raw_path": b"", "query_string": b""}
    try:
        asyncio.run(app({**scope, "headers": headers, "scheme": "https", "server": ("id.example.com", 443)}, receive, send))
    finally:
        app.state.authenticate_session = sessions
    assert answers[0]["status"] == 403
