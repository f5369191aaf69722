"""What is made later or once is what would have been made."""

from fastapi import FastAPI
from fastapi.testclient import TestClient
from jinja2 import Environment
from sqlalchemy import Column, MetaData, String, Table, bindparam, create_engine, select


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


def test_a_statement_is_compiled_once_for_all_databases_of_a_kind_and_asks_the_one_it_was_given(tmp_path):
    people = Table("people_of_a_test", MetaData(), Column("name", String))
    asked = select(people).where(people.c.name == bindparam("name"))
    engines = [create_engine(f"sqlite:///{tmp_path / name}") for name in ("one", "other")]
    for engine in engines:
        people.create(engine)
        with engine.begin() as connection:
            connection.execute(people.insert().values(name=engine.url.database))
    compiled = []
    for engine in engines:
        with engine.connect() as connection:
            found = connection.execute(asked, {"name": engine.url.database})
            assert found.scalars().all() == [engine.url.database]
            assert connection.execute(asked, {"name": "nobody"}).all() == []
            compiled.append(found.context.compiled)
        engine.dispose()
    assert compiled[0] is compiled[1]


def test_a_statement_of_one_kind_of_database_is_not_taken_for_another(tmp_path, empty_database):
    people = Table("people_of_a_test", MetaData(), Column("name", String))
    texts = []
    for url in (f"sqlite:///{tmp_path / 'one'}", empty_database.sqlalchemy_url):
        engine = create_engine(url)
        people.create(engine)
        with engine.connect() as connection:
            texts.append(connection.execute(select(people.c.name).where(people.c.name == "ada")).context.statement)
        engine.dispose()
    assert [text.partition("= ")[2] for text in texts] == ["?", "%(name_1)s::VARCHAR"]
