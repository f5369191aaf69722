"""Several deeds at the same moment, each in a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event


def together(*deeds: Callable[[], object], delays: Sequence[int] = ()) -> list[object]:
    """Do all at once, each after its own delay in milliseconds; give back what went wrong, and the threads that never ended."""
    start = threading.Barrier(len(deeds))
    wrong: list[object] = []

    def doing(deed: Callable[[], object], delay: int) -> None:
        start.wait()
        time.sleep(delay / 1000)
        try:
            deed()
        except Exception as error:  # noqa: BLE001 - a thread's error is told to the test
            wrong.append(error)

    pauses = [*delays, *[0] * len(deeds)]
    threads = [
        threading.Thread(target=doing, args=(deed, pause), daemon=True) for deed, pause in zip(deeds, pauses, strict=False)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return wrong + [thread for thread in threads if thread.is_alive()]


@contextmanager
def deadlock(house: Any, *, holds: str, wants: str, at: str) -> Iterator[None]:
    """On PostgreSQL: the first who locks rows by a statement with the text `at` is ended, since it and another one wait for each other.

    The other one holds what the query `holds` finds, and asks for what `wants` finds when that statement is about to run.
    """
    engine = house.home.parts.database.engine
    other = engine.connect()
    other.exec_driver_sql("SET LOCAL deadlock_timeout = '1h'")  # so that it is never the one that PostgreSQL ends
    other.exec_driver_sql(f"{holds} FOR UPDATE")
    me = other.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    meets = threading.Thread(target=lambda: other.exec_driver_sql(f"{wants} FOR UPDATE"), daemon=True)

    def meet(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if meets.ident is None and at in statement and "FOR UPDATE" in statement:
            connection.exec_driver_sql("SET LOCAL deadlock_timeout = '10ms'")
            meets.start()
            while not house.sql(f"SELECT 1 WHERE cardinality(pg_blocking_pids({me})) > 0"):
                assert meets.is_alive(), "nobody holds what it wants"
                time.sleep(0.01)

    event.listen(engine, "before_cursor_execute", meet)
    try:
        yield
        assert meets.ident is not None, "nobody came to that statement"
    finally:
        event.remove(engine, "before_cursor_execute", meet)
        if meets.ident is not None:
            meets.join(60)
        other.rollback()
        other.close()


@contextmanager
def meanwhile(engine: Any, at: str, deed: Callable[[], object]) -> Iterator[None]:
    """On PostgreSQL: once the first statement with the text `at` has read, do a deed over another connection, and only then go on."""
    came: list[str] = []

    def meet(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not came and at in " ".join(statement.split()):
            came.append(statement)
            deed()

    event.listen(engine, "after_cursor_execute", meet)
    try:
        yield
        assert came, "nobody came to that statement"
    finally:
        event.remove(engine, "after_cursor_execute", meet)
