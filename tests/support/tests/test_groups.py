"""Tests that share an expensive fixture stay on one worker."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def test_a_group_stays_on_one_worker(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.xdist_group("shares a server")
        @pytest.mark.parametrize("number", range(6))
        def test_it(number):
            pass
        """
    )
    words = ("-p", "tests.support.plugin", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", "-v")
    done = pytester.runpytest_subprocess(*words)
    done.assert_outcomes(passed=6)
    assert len(set(re.findall(r"\[(gw\d)\] \[.*PASSED", done.stdout.str()))) == 1
