"""The outbox and its worker on both databases: one worker a job, retries, dead letters, and a kill in the middle."""

import multiprocessing
import os
import threading

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from homeport.foundation.database.engine import Database
from homeport.foundation.jobs.model import JobState, delay_after
from homeport.foundation.jobs.store import Jobs
from homeport.foundation.jobs.worker import Worker
from homeport.foundation.kernel.clock import SystemClock
from homeport.foundation.kernel.entropy import SystemEntropy

counted = Table("counted", MetaData(), Column("number", Integer, primary_key=True, autoincrement=False))
STEPS = 6


def count_up(run, stop_at=None):
    """A handler that stores one number in each step and knows where to go on; storing one twice is an error of the database."""
    for number in range(run.job.done, STEPS):
        with run.step() as unit:
            unit.connection.execute(insert(counted).values(number=number))
            run.note(done=number + 1, total=STEPS, result={"last": number})
            if number == stop_at:
                os._exit(9)


@pytest.fixture
def house(database, clock, entropy):
    counted.metadata.create_all(database.engine)
    return House(database, clock, entropy)


class House:
    def __init__(self, database, clock, entropy):
        self.database, self.clock, self.entropy = database, clock, entropy

    def worker(self, endings=None, **handlers):
        return Worker(self.database, self.clock, self.entropy, handlers, endings or {})

    def do(self, deed):
        with self.database.write() as unit:
            return deed(Jobs(unit.connection, self.clock, self.entropy))

    def add(self, kind="count", **payload):
        return self.do(lambda jobs: jobs.add(kind, payload)).id

    def get(self, job_id):
        return self.do(lambda jobs: jobs.get(job_id))

    def numbers(self):
        with self.database.read() as unit:
            return unit.connection.execute(select(func.count()).select_from(counted)).scalar_one()


def test_job_runs_once_with_its_progress_and_result(house):
    job_id = house.add(who="ada")
    worker = house.worker(count=count_up)
    assert worker.run_due() == 1
    assert worker.run_due() == 0
    job = house.get(job_id)
    assert (job.state, job.done, job.total, dict(job.result), dict(job.payload)) == (
        JobState.DONE,
        STEPS,
        STEPS,
        {"last": STEPS - 1},
        {"who": "ada"},
    )
    assert house.numbers() == STEPS


def test_job_of_a_change_that_was_rolled_back_does_not_exist(house):
    def add_and_fail(jobs):
        jobs.add("count", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        house.do(add_and_fail)
    assert house.worker(count=count_up).run_due() == 0


def test_worker_leaves_jobs_that_it_has_no_handler_for(house):
    job_id = house.add("other")
    assert house.worker(count=count_up).run_due() == 0
    assert house.get(job_id).state is JobState.WAITING


def test_failing_job_waits_longer_each_time_and_becomes_a_dead_letter(house):
    tried = []

    def fail(run):
        tried.append(run.job.attempts)
        raise ValueError("the printer is on fire")

    job_id, worker = house.add(), house.worker(count=fail)
    for attempt in range(1, 5):
        assert worker.run_due() == 1
        assert worker.run_due() == 0, "it waits"
        assert house.get(job_id).state is JobState.WAITING
        house.clock.present += delay_after(attempt)
    assert worker.run_due() == 1
    job = house.get(job_id)
    assert (job.state, job.error, tried) == (JobState.DEAD, "ValueError: the printer is on fire", [1, 2, 3, 4, 5])
    house.clock.forward(days=1)
    assert worker.run_due() == 0


def fail_always(_run):
    raise ValueError("the printer is on fire")


def note_the_end(unit, job):
    unit.connection.execute(insert(counted).values(number=job.attempts))


def until_dead(house, worker):
    for attempt in range(1, 6):
        worker.run_due()
        house.clock.present += delay_after(attempt)


def test_dead_letter_tells_what_waits_for_it_once_and_with_its_own_end(house):
    job_id = house.add()
    worker = house.worker({"count": note_the_end}, count=fail_always)
    for attempt in range(1, 5):
        worker.run_due()
        house.clock.present += delay_after(attempt)
        assert (house.get(job_id).state, house.numbers()) == (JobState.WAITING, 0)
    worker.run_due()
    assert (house.get(job_id).state, house.numbers()) == (JobState.DEAD, 1)
    house.clock.forward(days=1)
    worker.run_due()
    assert house.numbers() == 1


def test_job_whose_workers_died_without_a_word_tells_what_waits_for_it_too(house):
    job_id = house.add()
    for _ in range(5):
        assert house.do(lambda jobs: jobs.claim(["count"])).id == job_id
        house.clock.forward(minutes=2)
    worker = house.worker({"count": note_the_end}, count=count_up)
    assert worker.run_due() == 0
    assert (house.get(job_id).state, house.numbers()) == (JobState.DEAD, 1)


def test_ending_that_fails_is_undone_alone_and_keeps_no_other_job_waiting(house):
    def stumble(unit, job):
        note_the_end(unit, job)
        raise ZeroDivisionError

    first, second = house.add(), house.add("other")
    until_dead(house, house.worker({"count": stumble}, count=fail_always, other=lambda _run: None))
    assert (house.get(first).state, house.get(second).state, house.numbers()) == (JobState.DEAD, JobState.DONE, 0)


def test_step_that_fails_is_undone_and_the_ones_before_it_stay(house):
    failures = [3]

    def stumble(run):
        for number in range(run.job.done, STEPS):
            with run.step() as unit:
                unit.connection.execute(insert(counted).values(number=number))
                run.note(done=number + 1)
                if number in failures:
                    failures.remove(number)
                    raise OSError("once")

    job_id, worker = house.add(), house.worker(count=stumble)
    worker.run_due()
    assert (house.get(job_id).done, house.numbers()) == (3, 3)
    house.clock.forward(minutes=1)
    worker.run_due()
    assert (house.get(job_id).state, house.numbers()) == (JobState.DONE, STEPS)


def test_lease_that_ended_lets_another_worker_go_on_and_the_first_one_undoes_its_step(house):
    job_id = house.add()
    second = house.worker(count=count_up)

    def sleepy(run):
        with run.step() as unit:
            unit.connection.execute(insert(counted).values(number=0))
            run.note(done=1)
        house.clock.forward(minutes=2)
        assert second.run_due() == 1
        with run.step() as unit:
            unit.connection.execute(insert(counted).values(number=100))
            run.note(done=2)

    house.worker(count=sleepy).run_due()
    assert (house.get(job_id).state, house.get(job_id).done, house.numbers()) == (JobState.DONE, STEPS, STEPS)


def test_many_workers_never_run_the_same_job(house):
    taken, guard = [], threading.Lock()

    def note(run):
        with guard:
            taken.append(run.job.id)

    wanted = sorted(house.add() for _ in range(12))
    workers = [threading.Thread(target=house.worker(count=note).run_due) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(300)
    assert sorted(taken) == wanted


def test_worker_that_is_to_stop_gives_its_job_back_after_the_step(house):
    job_id, worker = house.add(), house.worker()

    def stop_after_two(run):
        for number in range(run.job.done, STEPS):
            with run.step():
                run.note(done=number + 1)
            if number == 1:
                worker.stop()

    worker.handlers = {"count": stop_after_two}
    assert worker.run_due() == 1
    assert (house.get(job_id).state, house.get(job_id).done) == (JobState.WAITING, 2)
    assert house.worker(count=lambda _run: None).run_due() == 1


def _die_in_the_middle(url):
    database = Database(url)
    Worker(database, SystemClock(), SystemEntropy(), {"count": lambda run: count_up(run, stop_at=3)}).run_due()


def test_job_of_a_killed_worker_is_taken_over_without_doubling_a_step(house):
    house.clock.present = SystemClock().now()
    job_id = house.add()
    url = house.database.engine.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=_die_in_the_middle, args=(url,))
    process.start()
    process.join(300)
    assert process.exitcode == 9
    assert house.numbers() == 3
    worker = house.worker(count=count_up)
    assert worker.run_due() == 0, "the lease of the dead worker still lasts"
    house.clock.present = SystemClock().now()
    house.clock.forward(minutes=2)
    assert worker.run_due() == 1
    assert (house.get(job_id).state, house.numbers()) == (JobState.DONE, STEPS)


def test_done_jobs_are_forgotten_after_a_while(house):
    house.add()
    house.worker(count=lambda _run: None).run_due()
    house.clock.forward(days=8)
    house.do(lambda jobs: jobs.remove_before(house.clock.now()))
    assert house.do(lambda jobs: dict(jobs.count())) == {}
