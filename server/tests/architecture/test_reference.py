"""What is documented is what the code says: reasons, settings, permissions, and the reasons of devices."""

import dataclasses
import re
from pathlib import Path

import pytest
from tools.reference.pages import FOLDER, PAGES, documented

from homeport.directory.admins.model import ROLES
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.kernel.reasons import BY_CODE, ReasonCode
from homeport.settings import Settings
from homeport_agent.refusals import Reason

DEVICE_PROTOCOL = Path(__file__).parents[3] / "docs" / "protocols" / "device.md"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name):
    assert (FOLDER / name).read_text() == PAGES[name](), "run: python -m tools.reference"


def test_no_other_page_pretends_to_be_made_from_the_code():
    assert {path.name for path in FOLDER.glob("*.md") if "made from the code" in path.read_text()} == set(PAGES)


@pytest.mark.parametrize("reason", ReasonCode, ids=lambda reason: reason.code)
def test_every_reason_says_what_happened_what_to_do_and_how_to_mend_it(reason):
    cause, _, remedy = reason.person.partition(". ")
    for sentence in (f"{cause.rstrip('.')}.", remedy, reason.admin):
        assert len(sentence) >= 10, reason.code
        assert sentence.endswith("."), sentence
        assert sentence == sentence.strip()


@pytest.mark.parametrize("reason", ReasonCode, ids=lambda reason: reason.code)
def test_every_reason_is_said_as_the_house_speaks(reason):
    for sentence in (reason.person, reason.admin):
        assert not re.search(r"!|\bplease\b|\boops\b|\bsorry\b", sentence, re.IGNORECASE), sentence


def test_every_code_is_unique_and_like_the_name_it_has_in_the_code():
    assert len(BY_CODE) == len(ReasonCode)
    assert all(reason.code == reason.name.lower() for reason in ReasonCode)


def test_every_setting_is_documented_in_a_sentence():
    meanings = documented(Settings)
    for field in dataclasses.fields(Settings):
        assert meanings.get(field.name, "").endswith("."), field.name


def test_every_permission_is_used_and_belongs_to_a_role():
    source = "".join(path.read_text() for path in (Path(__file__).parents[2] / "src").rglob("*.py"))
    for permission in Permission:
        assert f"Permission.{permission.name}" in source, f"{permission.name} guards nothing"
    assert frozenset().union(*ROLES.values()) == frozenset(Permission)


def test_the_reasons_of_devices_are_the_agents_own():
    text = DEVICE_PROTOCOL.read_text()
    listed = text.partition("Device-side reasons:")[2].partition("\n\n")[0]
    documented_codes = set(re.findall(r"`([a-z_]+)`", listed))
    first_block = {reason.value for reason in list(Reason)[: [*Reason].index(Reason.PASSCODE_REFUSED) + 1]}
    assert documented_codes == first_block


def test_every_reason_of_a_device_that_the_protocol_names_is_one():
    known = {reason.value for reason in Reason} | set(BY_CODE)
    for line in DEVICE_PROTOCOL.read_text().splitlines():
        for name in re.findall(r"refused[^.|`]*`([a-z]+_[a-z_]+)`", line):
            assert name in known, line
