"""Which server is asked, and with which key; a key is never an argument, never in the clear, never at another server."""

import os
import stat
import subprocess
import sys

import click
import pytest

from homeport.cli import main

KEY = "hpk_0123456789abcdef0123456789abcdef_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
WITHOUT = {"HOMEPORT_URL": "", "HOMEPORT_API_KEY": ""}


def commands(group=main, words=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def profile(tmp_path, name="default"):
    return tmp_path / "config" / "homeport" / f"{name}.toml"


def test_without_a_server_or_a_key_the_sentence_says_what_to_give(homeport):
    homeport("user", "list", status=2, **WITHOUT)
    assert "--url or HOMEPORT_URL, or run homeport login" in homeport.said
    homeport("user", "list", status=2, HOMEPORT_API_KEY="")
    assert "Set HOMEPORT_API_KEY, give --key-file, or run homeport login" in homeport.said


def test_a_key_comes_from_a_file_or_from_standard_input(homeport, served, tmp_path):
    (tmp_path / "key").write_text(f"{served.key}\n")
    assert homeport.json("user", "list", "--key-file", tmp_path / "key", HOMEPORT_API_KEY="") == []
    assert homeport.json("user", "list", "--key-file", "-", stdin=f"{served.key}\n", HOMEPORT_API_KEY="") == []
    homeport("user", "list", "--key-file", tmp_path / "nothing", status=2)
    assert "cannot be read: No such file" in homeport.said


def test_two_secrets_cannot_both_come_from_standard_input(homeport, served):
    words = (
        "idp",
        "add",
        "https://acme.okta.example",
        "--name",
        "Okta",
        "--client-id",
        "c",
        "--secret-file",
        "-",
        "--key-file",
        "-",
    )
    homeport(*words, stdin="a\n", status=2)
    assert "cannot both read standard input" in homeport.said


@pytest.mark.parametrize("found", list(commands()), ids=lambda found: " ".join(found[0]))
def test_no_command_has_a_place_for_a_secret_in_its_arguments(found):
    words, command = found
    for parameter in command.params:
        if getattr(parameter, "is_flag", False):
            continue  # takes no value
        names = {*parameter.opts, *parameter.secondary_opts, parameter.name}
        for name in names:
            says_secret = any(word in name.replace("_", "-") for word in ("secret", "password", "token", "api-key"))
            assert not says_secret or name.replace("_", "-").endswith(("-file", "-out")), (
                words,
                name,
            )  # a file to read, or to write
        assert "--key" not in names, words


def test_a_key_given_as_the_name_of_a_file_is_refused_and_not_repeated(homeport):
    homeport("user", "list", "--key-file", KEY, status=2)
    assert "is a key itself" in homeport.said
    assert KEY not in homeport.said


@pytest.mark.parametrize(
    "key", ["two words", "two\nlines", "", "ключ", "x" * 600], ids=["space", "lines", "empty", "cyrillic", "long"]
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(homeport, tmp_path, key):
    (tmp_path / "key").write_text(key)
    homeport("user", "list", "--key-file", tmp_path / "key", status=2)
    assert not key or key not in homeport.said


def test_a_wrong_key_is_refused_by_the_server_with_a_way_out(homeport):
    homeport("user", "list", status=1, HOMEPORT_API_KEY=KEY)
    assert "does not take this API key" in homeport.said
    assert "SETTINGS > API Keys" in homeport.said
    assert KEY not in homeport.said


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://id.example.com", "without TLS"),
        ("https://ada:secret@id.example.com", "holds a name or a password"),
        ("id.example.com", "must be like https://id.example.com"),
        ("ftp://id.example.com", "must be like https://id.example.com"),
        ("https://id.example.com/admin", "without a path"),
        ("https://id.example.com:port", "must be like https://id.example.com"),
    ],
)
def test_an_address_that_cannot_be_or_would_show_the_key_is_refused(homeport, url, sentence):
    homeport("user", "list", "--url", url, status=2)
    assert sentence in homeport.said


def test_login_keeps_address_and_key_for_the_owner_only(homeport, served, tmp_path):
    homeport("login", "--url", served.url, "--key-file", "-", stdin=served.key, **WITHOUT)
    kept = profile(tmp_path)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert served.key not in homeport.said
    assert homeport.json("user", "list", **WITHOUT) == []
    homeport("logout")
    assert not kept.exists()
    homeport("logout", status=1)


def test_a_login_with_a_key_that_does_not_work_keeps_nothing(homeport, served, tmp_path):
    homeport("login", "--key-file", "-", stdin=KEY, status=1)
    assert not profile(tmp_path).exists()


def test_login_without_a_terminal_asks_for_a_file(homeport):
    homeport("login", status=2)
    assert "--key-file" in homeport.said


def test_a_profile_that_others_can_read_is_refused(homeport, served, tmp_path):
    homeport("login", "--key-file", "-", stdin=served.key)
    profile(tmp_path).chmod(0o640)
    homeport("user", "list", status=2, **WITHOUT)
    assert f"chmod 600 {profile(tmp_path)}" in homeport.said
    homeport("login", "--key-file", "-", stdin=served.key)
    assert homeport.json("user", "list", **WITHOUT) == []


def test_the_key_of_a_profile_goes_to_its_own_server_only(homeport, served):
    homeport("login", "--key-file", "-", stdin=served.key)
    homeport("user", "list", "--url", "https://elsewhere.example", status=2, **WITHOUT)
    assert "the key was not sent" in homeport.said
    homeport("user", "list", status=2, HOMEPORT_URL="https://elsewhere.example", HOMEPORT_API_KEY="")
    assert "the key was not sent" in homeport.said


def test_profiles_have_names(homeport, served):
    homeport("login", "--profile", "lab", "--key-file", "-", stdin=served.key)
    assert homeport.json("user", "list", "--profile", "lab", **WITHOUT) == []
    assert homeport.json("user", "list", HOMEPORT_PROFILE="lab", HOMEPORT_URL="", HOMEPORT_API_KEY="") == []
    homeport("user", "list", "--profile", "other", status=2, **WITHOUT)
    assert "There is no profile “other”" in homeport.said
    homeport("login", "--profile", "../other", "--key-file", "-", stdin=served.key, status=2)


@pytest.mark.parametrize("text", ["url = ", "url = 3\nkey = 4\n", "\x00", "url = 'https://id.example.com'\n"])
def test_a_profile_that_is_none_says_how_to_make_it_again(homeport, tmp_path, text):
    path = profile(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    homeport("user", "list", status=2, **WITHOUT)
    assert "Make it again: homeport login" in homeport.said


def test_no_secret_is_in_any_list_of_arguments_or_in_the_servers_log(homeport, served, tmp_path):
    homeport("user", "list")
    homeport("enrollment-key", "add", "Room 4", "--key-out", tmp_path / "enrolment")
    said = served.log.getvalue()
    assert "/api/systemusers" in said
    assert served.key not in said
    assert (tmp_path / "enrolment").read_text().strip() not in said


def test_the_program_itself_ends_with_the_documented_statuses(served, tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HOMEPORT_")},
        "HOMEPORT_URL": served.url,
        "HOMEPORT_API_KEY": served.key,
        "XDG_CONFIG_HOME": str(tmp_path),
    }

    def status(*words, **changed):
        command = [sys.executable, "-m", "homeport", *words]
        return subprocess.run(command, env={**environment, **changed}, capture_output=True, timeout=300, check=False).returncode

    assert status("user", "list") == 0
    assert status("user", "show", "nobody") == 1
    assert status("user", "list", "--no-such-option") == 2
    assert status("user", "list", HOMEPORT_URL="http://127.0.0.1:1") == 3
