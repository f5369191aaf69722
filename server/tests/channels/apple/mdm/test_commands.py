"""Every command that Homeport can send, key by key against Apple's own schema (`schema.json` names its origin)."""

import hashlib
import json
import plistlib
from pathlib import Path

import pytest

from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.commands import ManagedAdmin
from homeport.foundation.kernel.errors import Invalid

SCHEMA = json.loads((Path(__file__).parent / "schema.json").read_text())["commands"]
TYPES = {"string": str, "boolean": bool, "data": bytes, "integer": int, "array": list, "dictionary": dict}
ADMIN = ManagedAdmin("itadmin", "IT", b"hash")

BUILT = [
    commands.account_configuration("Ada Lovelace", "ada"),
    commands.account_configuration("Ada Lovelace", "ada", lock=False, standard=True, admin=ADMIN),
    commands.device_configured(),
    commands.device_information(),
    commands.security_info(),
    commands.user_list(),
    commands.profile_list(),
    commands.install_profile(b"<plist/>"),
    commands.remove_profile("com.example"),
    commands.device_lock("123456", "Found? Call us.", "+1 555 0100"),
    commands.erase_device("123456"),
    commands.set_auto_admin_password("11111111-2222", b"hash"),
]


def _against(schema, given):
    for key, value in given.items():
        assert key in schema, f"Apple's schema for macOS has no {key}"
        expected = schema[key]
        assert isinstance(value, TYPES[expected["type"]]), key
        if "values" in expected:
            assert set(value if isinstance(value, list) else [value]) <= set(expected["values"]), key
        if isinstance(value, dict) and "keys" in expected:
            _against(expected["keys"], value)
        if isinstance(value, list) and "keys" in expected:
            (item,) = expected["keys"].values()
            for one in value:
                _against(item["keys"], one)
    missing = [key for key, expected in schema.items() if expected["presence"] == "required" and key not in given]
    assert not missing


@pytest.mark.parametrize("body", BUILT, ids=lambda body: body["RequestType"])
def test_a_command_has_the_keys_types_and_values_of_apples_schema(body):
    given = dict(body)
    _against(SCHEMA[given.pop("RequestType")]["request"], given)
    assert plistlib.loads(commands.message("id", body)) == {"CommandUUID": "id", "Command": body}


def test_the_lock_is_never_undone_by_the_key_that_a_circulating_guide_sets_beside_it():
    assert "DontAutoPopulatePrimaryAccountInfo" not in commands.account_configuration("Ada Lovelace", "ada")


def test_fleet_38669_a_pane_that_is_not_locked_still_holds_the_name_that_is_intended():
    unlocked = commands.account_configuration("Ada Lovelace", "ada", lock=False)
    assert unlocked["LockPrimaryAccountInfo"] is False
    assert (unlocked["PrimaryAccountFullName"], unlocked["PrimaryAccountUserName"]) == ("Ada Lovelace", "ada")


def test_a_standard_account_without_an_administrator_is_refused_since_nobody_could_administer_the_mac():
    with pytest.raises(Invalid, match="managed administrator"):
        commands.account_configuration("Ada Lovelace", "ada", standard=True)


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "１２３４５６", "123456\n"])  # noqa: RUF001 - a digit of another script
def test_a_pin_that_is_not_six_digits_is_refused_before_it_locks_a_mac_for_good(pin):
    for build in (commands.device_lock, commands.erase_device):
        with pytest.raises(Invalid):
            build(pin)


def test_a_password_is_hashed_as_macos_keeps_it():
    kept = plistlib.loads(commands.hash_password("correct horse"))["SALTED-SHA512-PBKDF2"]
    assert (len(kept["salt"]), len(kept["entropy"]), kept["iterations"]) == (32, 128, 40_000)
    assert kept["entropy"] == hashlib.pbkdf2_hmac("sha512", b"correct horse", kept["salt"], 40_000, 128)
    assert kept["salt"] != plistlib.loads(commands.hash_password("correct horse"))["SALTED-SHA512-PBKDF2"]["salt"]


@pytest.mark.parametrize("name", ["</string><key>RequestType</key>", "a&b", "Zoë “O'Neil”", "]]>"])
def test_a_name_that_looks_like_xml_stays_a_name(name):
    body = plistlib.loads(commands.message("id", commands.account_configuration(name, "ada")))["Command"]
    assert body["PrimaryAccountFullName"] == name
    assert body["RequestType"] == "AccountConfiguration"
