"""Routes that are made when they are used."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from homeport.foundation.http.routes import Route, Router


def guard(word: str) -> str:
    return f"guarded {word}"


def answer(number: int, guarded: Annotated[str, Depends(guard)]) -> dict[str, object]:
    return {"number": number, "guarded": guarded}


def router() -> Router:
    made = Router(prefix="/api")
    made.add_api_route("/{number}", answer, methods=["POST"])
    return made


def test_a_route_is_found_before_it_is_made_and_made_by_its_first_request() -> None:
    app = FastAPI(routes=router().routes, openapi_url=None)
    (route,) = app.routes
    client = TestClient(app)
    assert client.put("/api/7").status_code == 405
    assert client.post("/api/no/7").status_code == 404
    assert "dependant" not in vars(route)
    assert client.post("/api/7?word=well").json() == {"number": 7, "guarded": "guarded well"}
    assert "dependant" in vars(route)
    assert client.post("/api/seven").status_code == 422


def test_only_the_pattern_of_a_path_that_begins_as_the_request_does_is_compiled() -> None:
    one, two = (Route(path, answer, methods=["POST"]) for path in ("/one/{number}", "/two/{number}"))
    assert TestClient(FastAPI(routes=[one, two], openapi_url=None)).put("/two/7").status_code == 405
    assert "path_regex" in vars(two)
    assert "path_regex" not in vars(one)
    assert (one.path_format, [*one.param_convertors]) == ("/one/{number}", ["number"])


def test_a_router_inside_another_answers_and_is_described() -> None:
    outer, app = Router(prefix="/outer"), FastAPI()
    outer.include_router(router())
    app.routes.extend(outer.routes)
    assert TestClient(app).post("/outer/api/7?word=well").json() == {"number": 7, "guarded": "guarded well"}
    assert set(app.openapi()["paths"]["/outer/api/{number}"]) == {"post"}


def test_a_route_is_found_by_its_whole_path_also_behind_a_proxy_that_puts_a_word_before_it() -> None:
    app = FastAPI(routes=router().routes)
    asked = {"/api/7": 200, "/home/api/7": 200, "/api": 404, "/api/7/8": 404, "/no/api/7": 404, "/home": 404, "/home/ap/7": 404}
    client = TestClient(app, root_path="/home")
    assert {path: client.post(f"{path}?word=well").status_code for path in asked} == asked
    assert TestClient(app).post("/home/api/7?word=well").status_code == 404


def test_a_route_has_no_more_than_one_of_fastapi() -> None:
    route = Route("/", answer)
    with pytest.raises(AttributeError):
        _ = route.color
    with pytest.raises(AttributeError):
        _ = Route.__new__(Route).told


def test_threads_that_ask_at_once_see_one_whole_route() -> None:
    route, together = Route("/{number}", answer), Barrier(8)

    def look(_number: int) -> tuple[int, int]:
        together.wait()
        return id(route.dependant), len(route.dependant.dependencies)

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(look, range(8)))
    assert seen == {(id(route.dependant), 1)}


def test_a_route_that_nobody_called_yet_is_found_by_its_path_and_method_and_can_tell_everything_of_itself() -> None:
    app, people = FastAPI(), Router(tags=["people"])

    @people.post("/people/{number}", status_code=201)
    def person(number: int, size: int = 1) -> dict[str, int]:
        """Make somebody."""
        return {"number": number, "size": size}

    app.routes.extend(people.routes)
    (route,) = people.routes
    assert isinstance(route, Route)
    assert (route.methods, route.name) == ({"POST"}, "person")
    client = TestClient(app)
    assert client.get("/people/1").status_code == 405
    assert (route.status_code, route.tags, route.description) == (201, ["people"], "Make somebody.")
    assert not hasattr(route, "nothing_of_a_route")
    assert client.post("/people/1?size=3").json() == {"number": 1, "size": 3}
    assert client.post("/people/x").status_code == 422
    assert app.url_path_for("person", number="7") == "/people/7"
    assert "201" in app.openapi()["paths"]["/people/{number}"]["post"]["responses"]
