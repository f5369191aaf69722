"""The page that describes the REST API shows all of it, from the document alone, and loads nothing from elsewhere."""

import re

import pytest

from homeport.foundation.ui.api_reference import PATH, kind, operations


@pytest.fixture(scope="module")
def page(shared_house):
    answer = shared_house.client.get(PATH)
    assert answer.status_code == 200
    return answer.text


def test_every_operation_of_the_document_is_on_the_page(page, shared_house):
    document = shared_house.client.get("/api/openapi.json").json()
    found = [one for _, one in operations(document)]
    assert len(found) == sum(len(methods) for methods in document["paths"].values()) > 20
    for one in found:
        assert f'id="{one.id}"' in page
        assert one.title, f"{one.method} {one.path} has no summary"
        assert one.text, f"{one.method} {one.path} has no description"
    assert len({one.id for one in found}) == len(found)


def test_the_page_loads_nothing_from_elsewhere(page):
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [one for one in loaded if not one.startswith(("/", "#"))] == []


def test_fields_of_objects_in_objects_are_named_by_their_path(shared_house):
    document = shared_house.client.get("/api/openapi.json").json()
    create = next(one for _, one in operations(document) if (one.method, one.path) == ("POST", "/api/v2/identity-providers"))
    names = {field.name: field for field in create.body}
    assert names["oidc.url"].required
    assert not names["emailDomains"].required
    assert "issuer" not in names
    assert "oidc.issuer" in {field.name for field in create.answer}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string"}, "string"),
        ({"enum": ["A", "B"]}, "A or B"),
        ({"const": "OKTA"}, "OKTA"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"$ref": "#/components/schemas/X"}, "object"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({}, "any"),
    ],
)
def test_kinds_are_said_in_words(schema, said):
    assert kind(schema) == said
