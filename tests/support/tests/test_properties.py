"""The house's hypothesis profile is the one in force."""

from hypothesis import HealthCheck, settings


def test_a_busy_machine_fails_no_property():
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check
