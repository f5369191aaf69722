"""Challenges earn one certificate each; certificates are looked up in our own table at every request."""

import base64
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from homeport.channels.apple.authority.certificates import fingerprint
from homeport.channels.apple.authority.identity import Identities
from homeport.channels.apple.authority.model import Asked, UnknownDevice
from homeport.channels.apple.cms.model import CMSError
from homeport.channels.apple.cms.signing import sign
from homeport.foundation.kernel.actor import system

OPERATOR = system("test")


@pytest.fixture
def session(each_house):
    return each_house.entropy.new_id()


@pytest.fixture
def issue(each_house, session, spki):
    """`issue(key)` makes a challenge for this test's session and spends it."""

    def enrol(key, serial="C02TEST"):
        word = each_house.do(lambda act: act.apple_authority.challenge(session, serial))
        return each_house.do(lambda act: act.apple_authority.issue(word, Asked(spki(key), "sha256", "aes")))

    return enrol


def recognize(house, certificate):
    return house.do(lambda act: act.apple_authority.recognize(certificate))


def test_the_certificate_says_what_the_session_says_and_serves_clients_only(each_house, session, issue, mac_key):
    certificate = issue(mac_key)
    names = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert names == {NameOID.COMMON_NAME: session, NameOID.SERIAL_NUMBER: "C02TEST"}
    of = certificate.extensions.get_extension_for_class
    assert list(of(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not of(x509.BasicConstraints).value.ca
    assert of(x509.SubjectAlternativeName).value.get_values_for_type(x509.UniformResourceIdentifier) == [f"urn:uuid:{session}"]
    assert (certificate.not_valid_after_utc - each_house.clock.now()).days == 365
    own = each_house.do(lambda act: act.apple_authority.certificate())
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_key_of_the_authority_and_the_words_of_challenges_are_not_in_the_database(each_house, session):
    word = each_house.do(lambda act: act.apple_authority.challenge(session, "C02TEST"))
    assert word not in str(each_house.sql("SELECT * FROM apple_challenges"))
    ((sealed,),) = each_house.sql("SELECT key_sealed FROM apple_authority") or [("v1.",)]
    assert sealed.startswith("v1.")


def test_a_challenge_that_many_spend_at_once_earns_one_certificate(each_house, session, spki, mac_key, other_key):
    each_house.do(lambda act: act.apple_authority.certificate())
    word = each_house.do(lambda act: act.apple_authority.challenge(session, "C02RACE"))

    def spend(key):
        return each_house.do(lambda act: act.apple_authority.issue(word, Asked(spki(key))))

    with ThreadPoolExecutor(8) as pool:
        answers = [one for one in pool.map(spend, [mac_key, other_key] * 8) if one is not None]
    assert len({fingerprint(one) for one in answers}) == 1
    rows = each_house.sql(f"SELECT count(*) FROM apple_certificates WHERE session_id = '{session}'")
    assert rows == [(1,)]
    assert spend(mac_key) == answers[0] or spend(other_key) == answers[0], "a lost answer can be asked for again, by the same key"
    assert spend(mac_key) is None or spend(other_key) is None


def test_a_challenge_is_worth_nothing_after_fifteen_minutes_or_when_it_is_made_up(each_house, session, spki, mac_key):
    word = each_house.do(lambda act: act.apple_authority.challenge(session, "C02LATE"))
    each_house.clock.forward(minutes=15)
    for tried in (word, word + "x", "", "made-up"):
        assert each_house.do(lambda act, tried=tried: act.apple_authority.issue(tried, Asked(spki(mac_key)))) is None
    assert each_house.do(lambda act: act.apple_authority.forget_challenges()) >= 0


def test_a_request_that_fails_leaves_the_challenge_as_it_was(each_house, session, spki, mac_key):
    word = each_house.do(lambda act: act.apple_authority.challenge(session, "C02TEST"))
    with pytest.raises(CMSError, match="public key"):
        each_house.do(lambda act: act.apple_authority.issue(word, Asked(b"no key")))
    assert each_house.do(lambda act: act.apple_authority.issue(word, Asked(spki(mac_key)))) is not None


def test_a_renewed_certificate_ends_the_old_one_only_when_it_is_used(each_house, issue, spki, mac_key, other_key):
    old = issue(mac_key)
    identity = recognize(each_house, old)
    each_house.clock.forward(days=250)
    new = each_house.do(lambda act: act.apple_authority.renew(identity, Asked(spki(other_key))))
    assert recognize(each_house, old).session_id == identity.session_id
    assert recognize(each_house, new).session_id == identity.session_id
    with pytest.raises(UnknownDevice, match="revoked"):
        recognize(each_house, old)
    events = each_house.sql(
        f"SELECT event_type FROM audit_entries WHERE resource_id IN ('{fingerprint(old)}', '{fingerprint(new)}')"
    )
    assert {name for (name,) in events} == {"apple_certificate_issued", "apple_certificate_renewed", "apple_certificate_revoked"}


def test_the_first_use_of_one_of_two_certificates_of_the_same_moment_ends_the_other(each_house, issue, mac_key, other_key):
    used, other = issue(mac_key), issue(other_key)
    recognize(each_house, used)
    with pytest.raises(UnknownDevice, match="revoked"):
        recognize(each_house, other)
    recognize(each_house, used)


def test_challenges_whose_time_is_over_are_forgotten_by_the_server_itself_and_open_ones_are_not(each_house, session):
    each_house.do(lambda act: act.apple_authority.challenge(session, "C02OLD"))
    each_house.clock.forward(minutes=16)
    each_house.do(lambda act: act.apple_authority.challenge(session, "C02NEW"))
    each_house.home._forget()
    kept = each_house.sql(f"SELECT serial FROM apple_challenges WHERE session_id = '{session}'")
    assert kept == [("C02NEW",)]


def test_two_thirds_of_a_life_make_a_certificate_due(each_house, issue, mac_key):
    certificate = issue(mac_key)
    recognize(each_house, certificate)

    def due():
        return fingerprint(certificate) in {
            one.sha256 for one in each_house.do(lambda act: act.apple_authority.due_for_renewal())
        }

    each_house.clock.forward(days=243)
    assert not due()
    each_house.clock.forward(days=2)
    assert due()


def test_revocation_counts_at_the_next_request_and_time_does_too(each_house, session, issue, mac_key, other_key):
    first = issue(mac_key)
    recognize(each_house, first)
    second = issue(other_key)
    assert each_house.do(lambda act: act.apple_authority.revoke_session(OPERATOR, session, "erased")) == 2
    for one in (first, second):
        with pytest.raises(UnknownDevice, match="revoked"):
            recognize(each_house, one)
    third = issue(mac_key)
    each_house.clock.forward(days=366)
    with pytest.raises(UnknownDevice, match="not good at this time"):
        recognize(each_house, third)


def test_one_certificate_belongs_to_one_mac(each_house, issue, mac_key):
    identity = recognize(each_house, issue(mac_key))
    assert identity.udid is None
    bound = each_house.do(lambda act: act.apple_authority.bind(identity, "UDID-1"))
    assert bound.udid == "UDID-1"
    assert each_house.do(lambda act: act.apple_authority.bind(identity, "UDID-1")) == bound
    for other in ("UDID-2", ""):
        with pytest.raises(UnknownDevice, match="another Mac"):
            each_house.do(lambda act, other=other: act.apple_authority.bind(identity, other))


def test_a_signature_over_the_raw_body_proves_the_mac_and_an_altered_body_does_not(each_house, session, issue, mac_key):
    certificate, body = issue(mac_key), b"<plist>\n</plist>\n"

    def asked(header, sent, *, legacy=False):
        return each_house.do(lambda act: Identities(act.apple_authority, legacy).of_signature(header, sent))

    header = base64.b64encode(sign(body, mac_key, certificate, detached=True)).decode()
    assert asked(header, body).session_id == session
    old = base64.b64encode(sign(body, mac_key, certificate, detached=True, digest="sha1")).decode()
    assert asked(old, body, legacy=True).session_id == session
    for value, sent in ((header, body.replace(b"\n", b"")), ("", body), ("###", body), (old, body), ("A" * 30_000, body)):
        with pytest.raises(UnknownDevice):
            asked(value, sent)


def test_a_certificate_that_somebody_else_issued_proves_nothing_even_with_our_names(each_house, issue, mac_key, other_key):
    ours = issue(mac_key)
    forged = (
        x509.CertificateBuilder().subject_name(ours.subject).issuer_name(ours.issuer).serial_number(ours.serial_number)
        .public_key(other_key.public_key()).not_valid_before(ours.not_valid_before_utc).not_valid_after(ours.not_valid_after_utc)
    )  # fmt: skip
    with pytest.raises(UnknownDevice, match="not one that this server issued"):
        recognize(each_house, forged.sign(other_key, hashes.SHA256()))


def test_a_client_certificate_of_a_trusted_proxy_counts_in_both_forms(each_house, session, issue, mac_key):
    certificate = issue(mac_key)
    der, pem = certificate.public_bytes(Encoding.DER), certificate.public_bytes(Encoding.PEM)
    for header in (f":{base64.b64encode(der).decode()}:", quote(pem.decode())):
        found = each_house.do(lambda act, header=header: Identities(act.apple_authority).of_client_certificate(header))
        assert found.session_id == session
    for header in ("", "::", ":###:", "CN=somebody", quote(pem.decode())[:400]):
        with pytest.raises(UnknownDevice):
            each_house.do(lambda act, header=header: Identities(act.apple_authority).of_client_certificate(header))
