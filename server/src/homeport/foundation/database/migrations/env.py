"""Runs the migrations over the connection that `schema.py` gives; Alembic imports this file by its name."""

from alembic import context

from homeport.foundation.database.columns import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    user_module_prefix="columns.",
    include_object=lambda _object, name, kind, _reflected, _compared: not (kind == "table" and name == "alembic_version"),
)
context.run_migrations()
