"""What the enrolment profile must not say, and that it goes out signed."""

import plistlib

import pytest

from homeport.channels.apple.authority.model import Way
from homeport.channels.apple.enrollment.profile import Wanted, build


def profile(**more):
    given = {
        "public_url": "https://id.acme.example",
        "organization": "Acme & Söhne <GmbH>",
        "topic": "com.apple.mgmt.External.1",
        "session_id": "session-of-ada",
        "serial": "C02AAAA1",
        "challenge": "one-use-word",
        "authority": b"certificate",
        "scep_path": "/mdm/scep",
        "acme_path": "/mdm/acme/directory",
        "checkin_path": "/mdm/checkin",
        "connect_path": "/mdm/connect",
    }
    return plistlib.loads(build(Wanted(**{**given, **more})))


@pytest.mark.parametrize("way", Way)
def test_micromdm_766_the_profile_has_no_payload_scope_which_macos_refuses_while_it_enrols(way):
    document = profile(way=way)
    assert document["PayloadType"] == "Configuration"
    assert all("PayloadScope" not in one for one in (document, *document["PayloadContent"]))


@pytest.mark.parametrize("way", Way)
def test_two_sessions_differ_in_nothing_but_the_serial_number_and_the_one_use_word(way):
    one, other = profile(way=way), profile(way=way, session_id="session-of-grace", serial="C02BBBB2", challenge="another-word")
    assert str(one).replace("C02AAAA1", "C02BBBB2").replace("one-use-word", "another-word") == str(other)
    assert "session-of" not in str(one)
