from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.linking import LinkAndMatch, Matched, canonical_email, match
from homeport.trust.federation.model import LinkState, ProviderKind, Refusal


@dataclass(frozen=True)
class Person:
    id: str = "u1"
    email: str = "ada@example.com"
    state: str = "ACTIVATED"


ADA = Person()


@pytest.fixture
def decide(signer, provider):
    def run(
        *, identity=None, kind=ProviderKind.OKTA, link=None, linked=ADA, user=ADA, links=(), started_at=signer.now, **changes
    ):
        return match(
            identity or signer.identity(),
            replace(provider, kind=kind, settings=replace(provider.settings, **changes)),
            link_by_subject=link,
            linked_user=linked,
            user_by_email=user,
            links_of_user=links,
            signin_started_at=started_at,
        )

    return run


def reason(outcome):
    assert isinstance(outcome, Refusal), outcome
    assert outcome.detail
    return outcome.reason


# By issuer and subject


def test_linked_user_is_matched_by_subject_whatever_the_address_says(decide, signer, make_link):
    link = make_link()
    stranger = signer.identity(email="new@elsewhere.example", email_verified=False)
    assert decide(identity=stranger, link=link, user=None) == Matched("u1", link)
    assert decide(identity=signer.identity("email"), link=link, user=None) == Matched("u1", link)


def test_linked_subject_wins_over_the_user_who_has_the_address(decide, make_link):
    other = Person(id="u2")
    assert decide(link=make_link(user_id="u9"), linked=Person(id="u9", email="x@example.com"), user=other).user_id == "u9"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("STAGED", ReasonCode.USER_STAGED), ("SUSPENDED", ReasonCode.USER_SUSPENDED), ("ODD", ReasonCode.USER_SUSPENDED)],
)
def test_user_who_is_not_activated_is_refused_linked_or_not(decide, make_link, state, expected):
    assert reason(decide(link=make_link(), linked=Person(state=state))) is expected
    assert reason(decide(user=Person(state=state))) is expected


def test_inactive_link_of_this_subject_is_refused(decide, make_link):
    assert reason(decide(link=make_link(state=LinkState.INACTIVE))) is ReasonCode.LINK_INACTIVE


def test_link_of_a_user_who_is_gone_is_refused(decide, make_link):
    assert reason(decide(link=make_link(), linked=None)) is ReasonCode.USER_UNKNOWN
    assert reason(decide(link=make_link(), linked=Person(id="u2"))) is ReasonCode.USER_UNKNOWN


def test_identity_of_another_issuer_is_refused(decide):
    assert reason(decide(issuer="https://new.okta.com")) is ReasonCode.ISSUER_WRONG


def test_link_of_another_identity_is_a_bug_of_the_caller(decide, make_link):
    with pytest.raises(ValueError, match="another identity"):
        decide(link=make_link(subject="00u2eve"))


# By address


def test_first_sign_in_links_the_activated_user_with_the_address(decide, signer):
    assert decide() == LinkAndMatch("u1", signer.issuer, "00u1ada", "ada@example.com")


def test_address_is_compared_in_lower_case(decide, signer):
    assert decide(identity=signer.identity(email="Ada@Example.COM")) == LinkAndMatch(
        "u1", signer.issuer, "00u1ada", "ada@example.com"
    )


def test_missing_address_is_refused(decide, signer):
    assert reason(decide(identity=signer.identity("email"))) is ReasonCode.EMAIL_MISSING


@pytest.mark.parametrize(
    "email",
    [
        "\u0430da@example.com",
        "ada@ex\u0430mple.com",
        "ada@example\u3002com",
        "ADA\u212a@example.com",
        "ada@example.com\u200b",
        "ada @example.com",
        "ada@example.com ",
        "ada@@example.com",
        "ada@eve.example@example.com",
        "@example.com",
        "ada",
        "ada@localhost",
        "ada@example.com.",
        "ada\n@example.com",
        "<ada@example.com>,eve@example.com",
    ],
)
def test_address_that_only_looks_like_one_is_refused(decide, signer, email):
    look_alike = Person(email=email.lower())
    outcome = decide(identity=signer.identity(email=email), user=look_alike)
    assert reason(outcome) in {ReasonCode.EMAIL_MISSING, ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED}


@pytest.mark.parametrize("email", ["ada@evil.example", "ada@sub.example.com", "ada@notexample.com", "example.com@evil.example"])
def test_address_outside_the_providers_domains_is_refused(decide, signer, email):
    assert reason(decide(identity=signer.identity(email=email), user=Person(email=email))) is ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED


def test_provider_without_domains_links_nobody(decide):
    assert reason(decide(email_domains=())) is ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED


def test_unverified_address_is_refused(decide, signer):
    for kind in ProviderKind:
        assert reason(decide(identity=signer.identity(email_verified=False), kind=kind)) is ReasonCode.EMAIL_UNVERIFIED


def test_okta_may_leave_email_verified_out_and_a_generic_provider_may_not(decide, signer):
    silent = signer.identity("email_verified")
    assert isinstance(decide(identity=silent), LinkAndMatch)
    assert reason(decide(identity=silent, kind=ProviderKind.OIDC)) is ReasonCode.EMAIL_UNVERIFIED
    assert isinstance(decide(kind=ProviderKind.OIDC), LinkAndMatch)


def test_a_decision_lets_a_generic_provider_leave_email_verified_out_and_never_say_false(decide, signer):
    decided = {"kind": ProviderKind.OIDC, "unstated_email_accepted": True}
    assert isinstance(decide(identity=signer.identity("email_verified"), **decided), LinkAndMatch)
    for value in (False, "true", 1, None):
        assert reason(decide(identity=signer.identity(email_verified=value), **decided)) is ReasonCode.EMAIL_UNVERIFIED


def test_the_refusal_of_an_unstated_address_names_where_it_can_be_decided_otherwise(decide, signer):
    refused = decide(identity=signer.identity("email_verified"), kind=ProviderKind.OIDC)
    assert "email_verified" in refused.detail
    assert "provider's page" in refused.detail
    assert "provider's page" in refused.reason.admin


def test_unknown_address_is_refused_and_a_user_name_never_matches(decide, signer):
    assert reason(decide(user=None)) is ReasonCode.USER_UNKNOWN
    named = signer.identity(email="other@example.com", preferred_username="ada@example.com")
    assert reason(decide(identity=named)) is ReasonCode.USER_UNKNOWN


def test_known_address_with_another_subject_is_refused(decide, make_link):
    assert reason(decide(links=[make_link(subject="00u2new")])) is ReasonCode.SUBJECT_DIFFERS


def test_user_whose_link_outlived_its_provider_is_refused(decide, make_link):
    assert reason(decide(links=[make_link(subject="x", state=LinkState.INACTIVE)])) is ReasonCode.LINK_INACTIVE
    assert reason(decide(links=[make_link(subject="x", issuer="https://old.okta.com")])) is ReasonCode.LINK_INACTIVE


# Unlinking


def test_removed_link_is_not_made_again_by_itself(decide, make_link, signer):
    removed = make_link(state=LinkState.REMOVED, removed_at=signer.now)
    later = signer.now + timedelta(days=1)
    assert reason(decide(link=removed, links=[removed], started_at=later)) is ReasonCode.LINK_REMOVED
    assert reason(decide(links=[replace(removed, subject="x")], started_at=later)) is ReasonCode.LINK_REMOVED
    assert reason(decide(link=removed, started_at=later)) is ReasonCode.LINK_REMOVED


def test_unlink_and_then_an_old_callback_is_refused_even_when_relinking_is_allowed(decide, make_link, signer):
    removed = make_link(state=LinkState.REMOVED, removed_at=signer.now, relink_allowed_at=signer.now)
    for started_at in (signer.now - timedelta(minutes=5), signer.now):
        assert reason(decide(link=removed, links=[removed], started_at=started_at)) is ReasonCode.LINK_REMOVED
    assert isinstance(decide(link=removed, links=[removed], started_at=signer.now + timedelta(seconds=1)), LinkAndMatch)


def test_every_removed_link_needs_its_own_allowance(decide, make_link, signer):
    allowed = make_link(state=LinkState.REMOVED, removed_at=signer.now, relink_allowed_at=signer.now)
    again = replace(allowed, id="l2", relink_allowed_at=None)
    later = signer.now + timedelta(days=1)
    assert reason(decide(links=[allowed, again], started_at=later)) is ReasonCode.LINK_REMOVED


# Properties

MOMENTS = st.integers(min_value=-3, max_value=3)


@st.composite
def link_changes(draw):
    state = draw(st.sampled_from(LinkState))
    return {
        "state": state,
        "subject": draw(st.sampled_from(["00u1ada", "00u2new"])),
        "issuer": draw(st.sampled_from(["https://example.okta.com", "https://old.okta.com"])),
        "relink": draw(st.none() | MOMENTS) if state is LinkState.REMOVED else None,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    email=st.sampled_from(["ada@example.com", "eve@example.com", "ada@evil.example", None]),
    verified=st.sampled_from([True, False, None]),
    kind=st.sampled_from(ProviderKind),
    state=st.sampled_from(["STAGED", "ACTIVATED", "SUSPENDED"]),
    links=st.lists(link_changes(), max_size=3),
    started=MOMENTS,
)
def test_no_link_without_proof(signer, provider, make_link, email, verified, kind, state, links, started):
    """Invariant: a link is made only for an activated user whose exact, allowed, not unverified address it is, and who never had
    one that an administrator did not let go before this sign-in started."""
    claims = {name: value for name, value in (("email", email), ("email_verified", verified)) if value is not None}
    identity = signer.verify(signer.sign({**signer.claims("email", "email_verified"), **claims}))
    made = [
        make_link(
            id=f"l{number}",
            state=one["state"],
            subject=one["subject"],
            issuer=one["issuer"],
            removed_at=signer.now,
            relink_allowed_at=None if one["relink"] is None else signer.now + timedelta(minutes=one["relink"]),
        )
        for number, one in enumerate(links)
    ]
    mine = [one for one in made if (one.issuer, one.subject) == (identity.issuer, identity.subject)]
    by_subject = next((one for one in mine if one.state is not LinkState.REMOVED), mine[-1] if mine else None)
    user, started_at = Person(state=state), signer.now + timedelta(minutes=started)
    outcome = match(
        identity,
        replace(provider, kind=kind),
        link_by_subject=by_subject,
        linked_user=user if by_subject else None,
        user_by_email=user if email == user.email else None,
        links_of_user=made,
        signin_started_at=started_at,
    )
    if isinstance(outcome, Matched):
        assert by_subject.state is LinkState.ACTIVE
        assert state == "ACTIVATED"
    if isinstance(outcome, LinkAndMatch):
        assert state == "ACTIVATED"
        assert email == user.email
        assert verified is True or (verified is None and kind is ProviderKind.OKTA)
        assert all(one.state is LinkState.REMOVED for one in made)
        assert all(one.relink_allowed_at is not None and one.relink_allowed_at < started_at for one in made)


@given(text=st.text(max_size=40))
def test_canonical_address_is_plain_lower_case_ascii(text):
    email = canonical_email(f"{text}@example.com")
    assert email is None or (email.isascii() and email == email.lower() and email.count("@") == 1)
