"""The life of a server token: missing, valid, expiring, expired, of another server, or no token at all."""

from datetime import timedelta

import pytest
from tests.support.house import ADMIN

from homeport.channels.apple.ade import token
from homeport.channels.apple.ade.model import Token, TokenState
from homeport.channels.apple.ade.oauth1 import authorization
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport_simulators.apple.ade_service import AdeService
from homeport_simulators.apple.oauth import is_signed


@pytest.fixture
def certificate(shared_house):
    """The public key of a server that no token was uploaded to, whatever a test before did."""
    if shared_house.do(lambda act: act.ade.server(ADMIN)):
        shared_house.do(lambda act: act.ade.disconnect(ADMIN))
    return shared_house.do(lambda act: act.ade.public_key(ADMIN)).encode()


def upload(house, file):
    return house.do(lambda act: act.ade.upload(ADMIN, file))


def test_the_life_of_a_token(shared_house, certificate):
    house, apple = shared_house, AdeService(now=shared_house.clock.now)

    def state():
        return house.do(lambda act: act.ade.server(ADMIN)).token_state(house.clock.now())

    assert state() is TokenState.MISSING
    with pytest.raises(Conflict, match="no valid server token"):
        house.do(lambda act: act.ade.ask_soon(ADMIN))
    for form in ({"ber": True}, {"ber": False}, {"wrapped": False}, {"ber": False, "wrapped": False}):
        upload(house, apple.p7m(certificate, **form))
        assert state() is TokenState.VALID
    with pytest.raises(Invalid, match="another server"):
        upload(house, AdeService(now=house.clock.now).p7m(certificate))
    ended = (house.clock.now() - timedelta(days=1)).isoformat()
    with pytest.raises(Invalid, match="This token ended on"):
        upload(house, apple.p7m(certificate, access_token_expiry=ended))
    assert state() is TokenState.VALID, "a refused token replaced the good one"
    house.clock.forward(days=336)
    assert state() is TokenState.EXPIRING
    house.clock.forward(days=30)
    assert state() is TokenState.EXPIRED
    assert house.do(lambda act: act.ade.begin()) is None
    assert house.do(lambda act: act.ade.server(ADMIN)).error == "token_expired"
    upload(house, apple.p7m(certificate))
    assert state() is TokenState.VALID
    assert house.do(lambda act: act.ade.server(ADMIN)).error == ""


def test_what_is_no_token_is_refused_with_a_sentence_and_never_a_stack_trace(shared_house, certificate):
    apple = AdeService(now=shared_house.clock.now)
    good = apple.p7m(certificate)
    for file in (b"", b"x" * 100_000, b"\x30\x80" + b"\x30\x80" * 40, b"hello", certificate, good[:-400], b"\x00\xff" * 50):
        with pytest.raises(Invalid, match=r"token|damaged|message"):
            upload(shared_house, file)
    for changed in (
        {"consumer_key": ""},
        {"access_secret": "x" * 300},
        {"access_token_expiry": "soon"},
        {"access_token_expiry": "0001-01-01T00:00:00+14:00"},
        {"access_token": "ü"},
    ):
        with pytest.raises(Invalid, match=r"Download it again"):
            upload(shared_house, apple.p7m(certificate, **changed))
    for plain in (b"", b"{}", b"[1]", b"{" * 5000, b"-----BEGIN MESSAGE-----"):
        with pytest.raises(Invalid):
            token.parse(plain)


def test_json_that_was_folded_over_lines_is_read():
    folded = b'-----BEGIN MESSAGE-----\r\n{"consumer_key":"CK_1","consumer_secret":"CS_\r\n1","access_token":"AT_1",\r\n"access_secret":"AS_1","access_token_expiry":"2027-01-01T00:00:00Z"}\r\n-----END MESSAGE-----'
    assert token.parse(folded).consumer_secret == "CS_1"


def test_no_secret_of_the_token_is_stored_readable_or_told_by_its_text_form(shared_house, certificate):
    house = shared_house
    apple = AdeService(now=house.clock.now)
    house.do(lambda act: act.ade.disconnect(ADMIN))
    fresh = house.do(lambda act: act.ade.public_key(ADMIN)).encode()
    with pytest.raises(Invalid, match="another public key"):
        upload(house, apple.p7m(certificate))
    server = upload(house, apple.p7m(fresh))
    stored = str(house.sql("SELECT * FROM apple_ade_servers")) + str(house.sql("SELECT * FROM audit_entries")) + repr(server)
    for secret in (apple.consumer_secret, apple.access_token, apple.access_secret, "PRIVATE KEY"):
        assert secret not in stored


def test_a_wrong_signature_and_a_repeated_nonce_open_no_session():
    apple = AdeService()
    now, url = apple.now(), "http://127.0.0.1:8999/session?a=b%20c&a=1"
    good = Token(apple.consumer_key, apple.consumer_secret, apple.access_token, apple.access_secret, now)
    bad = Token(apple.consumer_key, apple.consumer_secret, apple.access_token, "AS_other", now)
    header = authorization(good, "GET", url, nonce="nonce1234567", now=now)
    assert is_signed(apple, "GET", url, {"Authorization": header})
    assert not is_signed(apple, "GET", url, {"Authorization": header}), "a nonce was taken twice"
    wrong = authorization(bad, "GET", url, nonce="nonce1234568", now=now)
    assert not is_signed(apple, "GET", url, {"Authorization": wrong})
