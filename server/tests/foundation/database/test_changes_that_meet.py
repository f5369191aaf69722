"""Two changes of one row that PostgreSQL cannot both make: the later one is told in words, and can be repeated."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from homeport.foundation.http.rate_limit import rate_limits
from homeport.foundation.kernel.errors import Unavailable


@pytest.fixture
def database(_kept):
    opened = _kept.open()
    yield opened
    opened.dispose()


@pytest.mark.parametrize("unit_of_work", ["write", "read"])
def test_who_comes_second_is_told_to_repeat_it_and_then_succeeds(database, clock, unit_of_work):
    now = clock.now()
    with database.write() as unit:
        unit.connection.execute(insert(rate_limits).values(key_hash="a-key", full_again_at=now))

    def meet():
        with getattr(database, unit_of_work)() as unit:
            unit.connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            assert unit.connection.execute(select(rate_limits.c.full_again_at)).scalar_one() == now
            with database.write() as other:
                other.connection.execute(update(rate_limits).values(full_again_at=now + timedelta(hours=1)))
            unit.connection.execute(select(rate_limits).with_for_update())

    with pytest.raises(Unavailable, match=r"^Two changes met .* Repeat it\.$"):
        meet()
    with getattr(database, unit_of_work)() as unit:
        assert unit.connection.execute(select(rate_limits.c.full_again_at).with_for_update()).scalar_one() > now
