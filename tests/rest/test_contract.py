"""What the OpenAPI document promises holds, for every role: no 5xx, no answer that it does not describe, and each operation works."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.rest.asking import ask
from tests.rest.operations import body, place, query
from tests.rest.world import World
from tests.support.processes import Programs

from homeport.directory.admins.model import BILLING, ROLES

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KEYS_ARE_THE_ROLES = {"generation": {"with-security-parameters": False}}
"""What schemathesis need not make, and above all not make wrong: the key, which is always the one of the role that asks."""
EXAMPLES = int(os.environ.get("HOMEPORT_CONTRACT_EXAMPLES", "10"))
"""Generated requests of each kind for each operation, of the role that may do everything; each other role makes a third of them."""
_OK = range(200, 300)
_DENIED = 403
_NOT_CARRIED_OUT = {400, _DENIED, 412}
"""Answers that say that the request itself was wrong, or whoever sent it."""

pytestmark = pytest.mark.xdist_group("rest contract")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Programs() as programs:
        opened = World.open(tmp_path_factory.mktemp("rest"), programs)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def document(world: World) -> Any:
    described = world.house.client.get("/api/openapi.json").json()
    return schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_dict(KEYS_ARE_THE_ROLES))


def operations(document: Any) -> list[Any]:
    found = [one.ok() for one in document.get_all_operations()]
    assert len(found) > 20, "the operations were not found"
    return found


def send(world: World, case: Any, role: str) -> Any:
    """Carry out a request as schemathesis made it, with the role's key; the answer must be as the document says."""
    request = case.as_transport_kwargs(base_url=world.house.settings.public_url)
    request.pop("cookies", None)
    headers = {name: value for name, value in request.pop("headers").items() if name.lower() != "user-agent"}
    prepared = requests.Request(**request, headers={**headers, "x-api-key": world.keys[role]}).prepare()
    answer = ask(world.house.client.app, prepared)
    case.validate_response(answer, checks=CHECKS)
    return answer


@pytest.mark.parametrize("role", ROLES)
def test_each_operation_works_for_the_roles_that_have_its_permission_and_names_it_to_the_others(world, document, role):
    wrong, world.asking = [], role
    for operation in operations(document):
        takes_a_body = bool(operation.body)
        case = operation.Case(
            path_parameters=place(world, operation.path),
            query=query(operation.path) if operation.method == "get" else {},
            **({"body": body(world, operation.label), "media_type": "application/json"} if takes_a_body else {}),
        )
        answer = send(world, case, role)
        if answer.status_code in _OK:
            continue
        permissions = [one.get("permission") for one in answer.json().get("details", ())]
        lacks = bool(permissions) and permissions[0] not in {one.value for one in ROLES[role]}
        if answer.status_code != _DENIED or not lacks or role == BILLING:
            wrong.append(f"{operation.label}: {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def generated() -> Callable[[Any, GenerationMode], list[tuple[Any, bool]]]:
    """`generated(operation, mode)` makes requests, and says of each whether it shall be about an object that exists.

    They are the same for every role and for operations that take the same, and making them costs more than asking them; so they are
    made once. Of those that say the same of an object, or only read, one is kept.
    """
    drawn: dict[tuple[str, GenerationMode], list[tuple[Any, bool]]] = {}
    made: dict[tuple[str, GenerationMode], list[tuple[Any, bool]]] = {}

    def requests_of(operation: Any, mode: GenerationMode) -> list[tuple[Any, bool]]:
        taken, label = (what_it_takes(operation), mode), (operation.label, mode)
        if taken not in drawn:
            drawn[taken] = draw(operation, mode)
        if label not in made:
            made[label] = without_repetitions(operation, [(said_to(operation, case), known) for case, known in drawn[taken]])
        return made[label]

    return requests_of


def what_it_takes(operation: Any) -> str:
    """Return all that the requests depend on, since hypothesis draws the same of the same."""
    parts = (operation.path_parameters, operation.query, operation.headers, operation.cookies, operation.body)
    return repr([[one.definition for one in part] for part in parts])


def draw(operation: Any, mode: GenerationMode) -> list[tuple[Any, bool]]:
    found: list[tuple[Any, bool]] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,  # the same requests in every run; HOMEPORT_CONTRACT_EXAMPLES asks for more of them
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def make(case, known):
        found.append((case, known))

    make()
    return found


def said_to(operation: Any, case: Any) -> Any:
    """Return the request as one to this operation, which takes the same as the one that it was made for."""
    return operation.Case(
        path_parameters=dict(case.path_parameters),
        query=dict(case.query),
        headers=dict(case.headers),
        cookies=dict(case.cookies),
        body=case.body,
        media_type=case.media_type,
        multipart_content_types=case.multipart_content_types,
        _meta=deepcopy(case.meta),
    )


def without_repetitions(operation: Any, made: list[tuple[Any, bool]]) -> list[tuple[Any, bool]]:
    """Leave out what would be asked in the same words again; a creation stays, since the second meets what the first made."""
    kept: dict[Any, tuple[Any, bool]] = {}
    for number, (case, known) in enumerate(made):
        path = "known" if known else repr(case.path_parameters)
        words = (path, *(repr(part) for part in (case.query, case.headers, case.cookies, case.body, case.media_type)))
        once = operation.method == "get" or (known and operation.path_parameters)
        kept.setdefault(words if once else number, (case, known))
    return list(kept.values())


def can_be_wrong(operation: Any) -> bool:
    """Tell whether a request can break the description; it cannot where all that it says is an id or a version that may be any text."""
    said = [one.definition["schema"] for one in (*operation.path_parameters, *operation.headers)]
    return bool(operation.body or operation.query) or not all(may_be_any_text(schema) for schema in said)


def may_be_any_text(schema: dict[str, Any]) -> bool:
    kinds = [{rule: one[rule] for rule in one if rule not in {"title", "description"}} for one in schema.get("anyOf", [schema])]
    return all(kind in ({"type": "string"}, {"type": "null"}) for kind in kinds)


class Object:
    """What the path of an operation names, for a role: one is made when it is wanted, and again after an answer that may change it."""

    def __init__(self, world: World, operation: Any) -> None:
        self.world, self.operation, self.made = world, operation, None

    def parameters(self) -> dict[str, str]:
        if self.made is None:
            self.made = place(self.world, self.operation.path)
        return dict(self.made)

    def answered(self, status: int) -> None:
        kept = _NOT_CARRIED_OUT | set(_OK) if self.operation.method == "get" else _NOT_CARRIED_OUT
        if status not in kept:
            self.made = None


def ask_generated(known_object: Object, made: list[tuple[Any, bool]], role: str) -> Counter[int]:
    """Ask an operation with generated requests, half of them about an object that exists; return the statuses."""
    statuses: Counter[int] = Counter()
    if role != BILLING:  # another third for each role
        first, wanted = list(ROLES).index(role) * (EXAMPLES // 3) % len(made), min(EXAMPLES // 3, len(made))
        made = [*made, *made][first : first + wanted]
    for case, known in made:
        if known:
            case.path_parameters = known_object.parameters()
        status = send(known_object.world, case, role).status_code
        statuses[status] += 1
        known_object.answered(status)
    return statuses


@pytest.mark.parametrize("role", ROLES)
def test_no_request_leads_to_a_5xx_or_to_an_answer_that_the_document_does_not_describe(world, document, generated, role):
    world.asking = role
    for operation in operations(document):
        known_object = Object(world, operation)
        statuses = ask_generated(known_object, generated(operation, GenerationMode.POSITIVE), role)
        if can_be_wrong(operation):
            statuses += ask_generated(known_object, generated(operation, GenerationMode.NEGATIVE), role)
        print(f"{role}: {operation.label}: {dict(sorted(statuses.items()))}")
        assert statuses.total() > 0
