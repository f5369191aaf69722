"""The sealing key's file: made once, by one process, and never in the place of another."""

import threading

import pytest

from homeport.foundation.sealing.sealer import Sealer, SealingKeyError, write_ring


def test_two_processes_that_start_at_once_use_the_same_key(tmp_path):
    path, start, found = tmp_path / "sealing.key", threading.Barrier(8), []

    def begin():
        start.wait(60)
        found.append(Sealer.open(path, may_create=True).keys)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [Sealer.open(path, may_create=False).keys] * 8
    assert [one.name for one in tmp_path.iterdir()] == ["sealing.key"]


def test_a_stored_ring_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "sealing.key"
    write_ring(path, {"a": bytes(32)})
    write_ring(path, {"a": bytes(32), "b": bytes(32)})
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(Sealer.open(path, may_create=False).keys) == ["a", "b"]
    assert [one.name for one in tmp_path.iterdir()] == ["sealing.key"]


def test_a_missing_key_of_a_used_database_is_asked_for(tmp_path):
    with pytest.raises(SealingKeyError, match="missing, but the database holds sealed secrets"):
        Sealer.open(tmp_path / "sealing.key", may_create=False)
