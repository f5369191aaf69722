"""Ids that sort as they were made."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from homeport.foundation.kernel.entropy import SystemEntropy


def test_ids_are_uuids_of_version_7_that_sort_as_they_were_made_also_within_one_moment():
    entropy = SystemEntropy()
    made = [entropy.new_id() for _ in range(5_000)]
    assert made == sorted(set(made))
    read = [uuid.UUID(one) for one in made]
    assert {(one.version, one.variant) for one in read} == {(7, uuid.RFC_4122)}
    assert all(str(one) == text for one, text in zip(read, made, strict=True))


def test_threads_never_make_the_same_id_and_each_sees_its_own_rise():
    entropy = SystemEntropy()
    with ThreadPoolExecutor(8) as pool:
        each = list(pool.map(lambda _: [entropy.new_id() for _ in range(500)], range(8)))
    assert all(ids == sorted(ids) for ids in each)
    moments = {uuid.UUID(one).int >> 64 for ids in each for one in ids}
    assert len(moments) == 4_000
