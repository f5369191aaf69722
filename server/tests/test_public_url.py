"""The public URL is the origin that browsers and devices write, however the operator wrote it."""

import pytest

from homeport.logs import configure
from homeport.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://id.example.com/", "https://id.example.com"),
        ("HTTPS://ID.Example.com", "https://id.example.com"),
        ("https://id.example.com:443", "https://id.example.com"),
        ("http://localhost:80/", "http://localhost"),
        ("https://id.example.com:8443/", "https://id.example.com:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("way", ["environment", "option"])
def test_the_public_url_is_read_as_an_origin(way, written, meant):
    given = ({"HOMEPORT_PUBLIC_URL": written}, {}) if way == "environment" else ({}, {"public_url": written})
    assert Settings.read(given[0], **given[1]).public_url == meant


@pytest.mark.parametrize(
    "written",
    [
        "id.example.com",
        "ftp://id.example.com",
        "https://",
        "https://id.example.com/homeport",
        "https://id.example.com/?a=b",
        "https://id.example.com/#a",
        "https://somebody@id.example.com",
        "https://id.example.com:port",
        "https://id.example.com:99999",
        "https://[::1",
        "https://bücher.example",
    ],
)
def test_a_public_url_that_is_no_origin_is_refused_with_a_sentence(written):
    with pytest.raises(SettingsError, match="it must be like https"):
        Settings.read({"HOMEPORT_PUBLIC_URL": written})


def test_an_empty_setting_is_the_same_as_none():
    assert Settings.read({"HOMEPORT_DATA": "", "HOMEPORT_PORT": " "}) == Settings()


def test_a_path_from_a_stranger_cannot_forge_a_line_or_move_the_cursor_of_the_console(capfd):
    import structlog  # noqa: PLC0415 - its configuration is put back below

    try:
        configure("console")
        structlog.get_logger().info("request", path="/\nforged\x1b[2J")
    finally:
        structlog.reset_defaults()
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b[2J" not in said
