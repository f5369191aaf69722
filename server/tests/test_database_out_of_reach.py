"""A database that does not answer, or whose address is none, is told in a sentence that shows no password."""

import pytest
import structlog
from click.testing import CliRunner
from tests.support.processes import free_port

from homeport.cli import main


@pytest.fixture(autouse=True)
def _logs_as_they_were():
    yield
    structlog.reset_defaults()  # `serve` set them to write where nobody listens any more


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["audit", "verify"]])
@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://me:s3cret@127.0.0.1:{port}/homeport", "mysql://me:s3cret@db/homeport", "s3cret"]
)
def test_a_database_out_of_reach_is_told_in_a_sentence(tmp_path, command, url):
    environment = {
        "HOMEPORT_DATA": str(tmp_path / "data"),
        "HOMEPORT_PUBLIC_URL": "https://id.example.com",
        "HOMEPORT_DATABASE_URL": url.format(port=free_port()),
    }
    answer = CliRunner().invoke(main, command, env=environment)
    assert answer.exit_code == 2, answer.output
    assert "HOMEPORT_DATABASE_URL" in answer.output
    assert "Traceback" not in answer.output
    assert "s3cret" not in answer.output


def test_migrating_makes_the_folder_of_a_new_database(tmp_path):
    answer = CliRunner().invoke(main, ["migrate", "--data", str(tmp_path / "new")])
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
