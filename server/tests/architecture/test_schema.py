"""The migrations make the schema that the code describes, on both databases."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect

from homeport.bootstrap import home  # imports every slice's tables
from homeport.foundation.database import schema
from homeport.foundation.database.columns import metadata
from homeport.foundation.database.engine import Database
from homeport.foundation.database.revision import head

assert home


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


def _plain(text):
    return re.sub(r"[\s\"']+", " ", text).strip()
