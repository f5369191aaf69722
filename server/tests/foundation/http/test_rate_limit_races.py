"""Two first requests of one address at the same moment are both counted, and neither fails."""

import threading

from homeport.foundation.http.rate_limit import RateLimits


def test_two_first_requests_at_once_are_both_counted(database, clock):
    inside, answers = threading.Event(), []

    def second():
        inside.wait(60)
        with database.write() as unit:
            answers.append(RateLimits(unit.connection, clock).take("192.0.2.7", burst=2, per_minute=2))

    thread = threading.Thread(target=second)
    thread.start()
    with database.write() as unit:
        answers.append(RateLimits(unit.connection, clock).take("192.0.2.7", burst=2, per_minute=2))
        inside.set()
        thread.join(0.3)  # the second now waits for this one's row
    thread.join(60)
    assert answers == [0, 0]
    with database.write() as unit:
        assert RateLimits(unit.connection, clock).take("192.0.2.7", burst=2, per_minute=2) == 30


def test_a_clock_that_was_set_back_locks_nobody_out(sqlite_database, clock):
    for _ in range(2):
        with sqlite_database.write() as unit:
            assert RateLimits(unit.connection, clock).take("192.0.2.7", burst=2, per_minute=2) == 0
    clock.forward(days=-4000)
    with sqlite_database.write() as unit:
        assert RateLimits(unit.connection, clock).take("192.0.2.7", burst=2, per_minute=2) == 0
