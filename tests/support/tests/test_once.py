"""What is made later or once is what would have been made."""

from fastapi import FastAPI
from fastapi.testclient import TestClient
from jinja2 import Environment


def test_a_route_judges_its_first_request_by_the_types_it_was_written_with():
    app = FastAPI()

    @app.get("/")
    def twice(number: int) -> int:
        return number * 2

    client = TestClient(app)
    assert client.get("/?number=21").json() == 42
    assert client.get("/?number=many").status_code == 422


def test_a_template_is_compiled_anew_for_other_rules_and_for_another_text():
    plain, careful = Environment(), Environment(autoescape=True)
    assert plain.from_string("{{ it }}").render(it="<b>") == "<b>"
    assert careful.from_string("{{ it }}").render(it="<b>") == "&lt;b&gt;"
    assert careful.from_string("{{ it }}!").render(it="<b>") == "&lt;b&gt;!"
    assert plain.compile("{{ it }}") is Environment().compile("{{ it }}")
