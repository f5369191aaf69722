"""Each path shared with JumpCloud, field by field: what it answers has the published names and types, what JumpCloud's clients send
is taken, and each difference is written down in docs/protocols/rest-api.md or here."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.rest import published
from tests.rest.operations import BODIES, body, place, query
from tests.rest.world import World
from tests.support.processes import Programs

from homeport.directory.admins.model import BILLING

ADDED = {
    "/api/systemusers": {"description"},
    "/api/systems": {"enrollmentStatus", "limitedToAssigned", "ssh", "sudo", "effectiveSsh", "effectiveSudo"},
    "/api/users": {"suspendedAt"},
    "/api/v2/systemgroups": {"description", "limitedToAssigned", "ssh", "sudo"},
    "/api/v2/usergroups": {"description"},
    "/api/v2/applemdms": {"attested", "binding"},
    "/api/v2/devices/settings/signinwithjumpcloud": {
        "severalUsers",
        "leaseDays",
        "groups",
        "ssh",
        "sudo",
        "existingAccount",
        "verified",
    },
}
"""Fields that Homeport answers and JumpCloud does not, by the beginning of the path."""
OURS_ALONE = {
    "username",
    "email",
    "name",
    "displayName",
    "op",
    "type",
    "id",
    "settings",
    "state",
    "suspended",
    "activated",
    "roleName",
    "effect",
    "ips",
    "service",
    "start_time",
    "end_time",
    "sort",
    "field",
    "interval_unit",
    "interval_value",
    "timezone",
    "pin",
}
"""Fields whose value means something here, so that any text would not do; the right bodies of the contract test have them."""

pytestmark = pytest.mark.xdist_group("rest published")
SHARED = [pytest.param(one, id=one.label) for one in published.operations()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Programs() as programs:
        opened = World.open(tmp_path_factory.mktemp("published"), programs)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def ours(world) -> dict[str, dict[str, tuple[str, Any]]]:
    """Our operations by the shape of their path and by method."""
    paths = world.house.client.get("/api/openapi.json").json()["paths"]
    return {published.shape(path): {method: (path, one) for method, one in methods.items()} for path, methods in paths.items()}


@pytest.fixture
def here(ours, operation) -> tuple[str, Any]:
    """Our path and description of the published operation."""
    methods = ours.get(published.shape(operation.path), {})
    assert operation.method in methods, f"{operation.label} is published and in the file, and Homeport has it not"
    return methods[operation.method]


def ask(world: World, method: str, path: str, content: Any = None, query: Any = None) -> Any:
    address = path.format(**place(world, path)) if "{" in path else path
    headers = {"x-api-key": world.keys[BILLING], "x-org-id": "5f1b1bb6b4a1f80d9a1c3a55", "accept": "application/json"}
    return world.house.client.request(method, address, json=content, params=query, headers=headers)


def needed(operation: published.Operation) -> dict[str, str]:
    """The query parameters without which JumpCloud does not answer either."""
    return query(operation.path) if operation.method == "get" else {}


@pytest.mark.parametrize("operation", SHARED)
def test_answer_has_the_published_names_and_types(world, operation, here):
    path, _ = here
    label = f"{operation.method.upper()} {path}"
    answer = ask(world, operation.method, path, body(world, label) if label in BODIES else None, needed(operation))
    assert str(answer.status_code) in operation.answers, answer.text
    schema = operation.answer(answer.status_code)
    if schema is None or not answer.content:
        return
    content = answer.json()
    if "settings" in content:  # LINUX is Homeport's addition to the kinds of operating systems
        content["settings"] = [one for one in content["settings"] if one["osFamily"] != "LINUX"]
        assert content["settings"]
    assert published.contradictions(schema, content) == []
    rows = content.get("results", content.get("settings", [content])) if isinstance(content, dict) else content
    known = published.fields(schema)
    known = published.fields(known["settings"]) if "settings" in known else known
    added = next((names for beginning, names in ADDED.items() if operation.path.startswith(beginning)), set())
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and known:  # an event's fields are published without names
            assert set(row) - set(known) <= added


@pytest.mark.parametrize("operation", [one for one in SHARED if one.values[0].method == "get"])
def test_a_list_takes_every_published_query_parameter(world, operation, here):
    path, described = here
    described = {one["name"] for one in described.get("parameters", ())}
    sort = "id" if operation.path.startswith("/api/v2") else "_id"
    samples = {"limit": "5", "skip": "0", "sort": sort, **needed(operation)}
    for name, where in operation.parameters.items():
        if where == "query" and name != "filter":  # its fields differ from list to list; the lists' own tests ask by them
            answer = ask(world, "get", path, query={**needed(operation), name: samples.get(name, "x")})
            assert answer.status_code == 200, f"{name}: {answer.text}"
    paged = {"limit", "skip"} & set(operation.parameters)
    assert paged <= described, f"{operation.label} does not page"


@pytest.mark.parametrize("operation", [one for one in SHARED if one.values[0].body])
def test_what_a_client_of_jumpcloud_sends_is_taken(world, operation, here):
    path, _ = here
    label = f"{operation.method.upper()} {path}"
    if label not in BODIES:
        assert ask(world, operation.method, path, {}).status_code in range(200, 300)
        return
    for name, schema in published.fields(operation.body).items():
        if name in OURS_ALONE:
            continue
        right = body(world, label)
        answer = ask(world, operation.method, path, {**right, name: published.sample(schema)})
        assert answer.status_code in range(200, 300), f"{name}: {answer.text}"
