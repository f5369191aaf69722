"""Spares each worker from looking through thousands of collected tests again and again for garbage: a quarter of its time."""

import gc

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is there once all tests are known stays to the end, so the collector need not look at it (`gc.freeze`), nor so often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
