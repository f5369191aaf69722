"""The schema's steps, as Alembic runs them. Each must work while the previous version of the server still runs."""
