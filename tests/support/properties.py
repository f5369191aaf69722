"""How hypothesis runs here: a slow or busy machine is no failure, and a failure prints what repeats it."""


def pytest_configure() -> None:
    from hypothesis import HealthCheck, settings  # noqa: PLC0415 - its own plugin must be the first to import it

    settings.register_profile("homeport", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
    settings.load_profile("homeport")
