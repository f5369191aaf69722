"""The migrations make the schema that the code describes, on both databases."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect

from homeport.bootstrap import home  # imports every slice's tables
from homeport.foundation.database import schema
from homeport.foundation.database.columns import metadata
from homeport.foundation.database.engine import Database
from homeport.foundation.database.revision import MIGRATIONS, head

assert home

NOW = "2026-11-16 13:00:00.000000+00:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request, tmp_path):
    """A database that the migrations made from nothing."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'homeport.sqlite'}")
    else:
        database = Database(request.getfixturevalue("empty_database").sqlalchemy_url)
    schema.migrate(database)
    yield database
    database.dispose()


def test_the_migrations_make_exactly_the_tables_columns_and_indexes_of_the_models(migrated):
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_object": lambda _o, name, _k, _r, _c: name != "alembic_version"},
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_every_check_of_the_models(migrated):
    # Alembic does not compare these, and a check that is missing in a database holds nothing.
    inspector = inspect(migrated.engine)
    wanted = {
        (table.name, one.name, _plain(str(one.sqltext)))
        for table in metadata.tables.values()
        for one in table.constraints
        if isinstance(one, CheckConstraint)
    }
    made = {
        (name, one["name"]): _plain(one["sqltext"]) for name in metadata.tables for one in inspector.get_check_constraints(name)
    }
    assert {(table, name) for table, name, _ in wanted} == set(made)
    if migrated.is_sqlite:  # PostgreSQL rewrites the text of a check
        assert {(table, name, made[table, name]) for table, name, _ in wanted} == wanted


def test_the_migrations_make_every_partial_unique_index_with_its_condition(migrated):
    inspector = inspect(migrated.engine)
    for table in metadata.tables.values():
        made = {index["name"]: index for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            conditions = index.dialect_options["sqlite" if migrated.is_sqlite else "postgresql"]["where"]
            assert bool(made[index.name]["unique"]) is bool(index.unique), index.name
            stated = " ".join(str(option) for option in made[index.name].get("dialect_options", {}).values())
            assert (conditions is None) or stated, f"{index.name} lost its condition"


def test_a_database_that_is_up_to_date_is_left_as_it_is(migrated):
    assert schema.migrate(migrated) == (head(), head())
    schema.check(migrated)


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(migrated):
    with migrated.write() as unit:
        unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(schema.SchemaError, match="Start the version that made it"):
        schema.check(migrated)


def test_a_database_of_an_older_version_is_refused_with_the_command_that_mends_it(migrated):
    with migrated.write() as unit:
        unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(schema.SchemaError, match="homeport migrate"):
        schema.check(migrated)


def test_invitations_of_before_know_their_maker_by_id_whether_a_key_made_them_or_not(database):
    makers = {"1": "me@example.com", "2": "ome@example.com", "3": "me@example.com.au"}
    names = {
        "signed-in": ("me@example.com", "1"),
        "with-key": ("me@example.com (API key ome@example.com (API key ci))", "1"),
        "other": ("ome@example.com (API key ci)", "2"),
        "longer": ("me@example.com.au (API key ci)", "3"),
        "gone": ("e@example.com (API key ci)", None),
    }
    with database.write() as unit:
        sql = unit.connection.exec_driver_sql
        sql("ALTER TABLE administrator_links DROP COLUMN made_by_id")
        for number, email in makers.items():
            sql(
                "INSERT INTO administrators (id, email, firstname, lastname, role, password_hash, api_keys_allowed, version, "
                f"created_at, updated_at) VALUES ('{number}', '{email}', '', '', 'x', 'x', true, 1, '{NOW}', '{NOW}')"
            )
        for link, (name, _) in {**names, "recovery": (makers["1"], None)}.items():
            email = "" if link == "recovery" else "friend@example.com"
            sql(
                "INSERT INTO administrator_links (id, token_hash, email, role, created_by, created_at, expires_at) "
                f"VALUES ('{link}', '{link}', '{email}', 'x', '{name}', '{NOW}', '{NOW}')"
            )
        with Operations.context(MigrationContext.configure(unit.connection)):
            ScriptDirectory(str(MIGRATIONS)).get_revision("0082").module.upgrade()
        found = dict(tuple(row) for row in sql("SELECT id, made_by_id FROM administrator_links"))
    assert found == {"recovery": None, **{link: maker for link, (_, maker) in names.items()}}


def _plain(text):
    return re.sub(r"[\s\"']+", " ", text).strip()
