"""A server with another database's sealing key does not start."""

import pytest

from homeport.bootstrap.home import Home
from homeport.bootstrap.web import application
from homeport.foundation.sealing.sealer import SealingKeyError
from homeport.settings import Settings


def test_a_server_with_a_wrong_sealing_key_does_not_start(tmp_path):
    settings = Settings(data=tmp_path / "data", public_url="http://localhost:8080")
    home = Home(settings)
    application(home)
    home.parts.database.dispose()
    settings.sealing_key.unlink()
    Home(Settings(data=tmp_path / "other", public_url="http://localhost:8080")).parts.database.dispose()
    (tmp_path / "other" / "sealing.key").rename(settings.sealing_key)
    home = Home(settings)
    try:
        with pytest.raises(SealingKeyError, match="cannot be opened with this sealing key"):
            application(home)
    finally:
        home.parts.database.dispose()
