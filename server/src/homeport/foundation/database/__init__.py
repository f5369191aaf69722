"""Engine, unit of work, column types and migrations: the only code that knows SQLite from PostgreSQL.

What is stored is elsewhere, in each slice's `tables.py`. A slice gets its data like this: its `store.py` takes a
`Connection`; bootstrap builds the slice's actions over the stores of one `UnitOfWork`; the edge (`api.py`, `pages.py`, `jobs.py`)
holds a `Work[TheActions]` and writes `with self.work.write() as actions:` (commits at the end, rolls back on an exception) or
`with self.work.read() as actions:` (never commits).
"""
