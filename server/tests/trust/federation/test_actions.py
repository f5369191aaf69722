from dataclasses import replace
from datetime import timedelta

import pytest

from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed, StepUpRequired
from homeport.foundation.kernel.permissions import Permission
from homeport.trust.federation.discovery import Check, CheckState, Judgement
from homeport.trust.federation.model import (
    IdentityProviderChanged,
    IdentityProviderDeleted,
    LinkState,
    ProviderKind,
    ProviderState,
)

SYSTEM = system("test")
READER = Actor(ActorKind.ADMINISTRATOR, "r", "Rita", frozenset({Permission.IDENTITY_PROVIDERS_READ}), role="Read Only")
NEW = "https://new.okta.com"


def stale(clock):
    return Actor(
        ActorKind.ADMINISTRATOR,
        "b",
        "Bill",
        frozenset(Permission),
        session_id="s",
        authenticated_at=clock.now() - timedelta(minutes=6),
    )


# Set-up


def test_draft_has_an_id_before_anything_is_known_and_is_found_again(slice_, clock):
    with slice_.providers() as providers:
        draft = providers.draft(SYSTEM, ProviderKind.OKTA)
        assert draft.state is ProviderState.DRAFT
        assert draft.expires_at == clock.now() + timedelta(days=7)
        assert providers.draft(SYSTEM, ProviderKind.OKTA) == draft
        assert providers.draft(SYSTEM, ProviderKind.OIDC).id != draft.id
        assert len(providers.list(SYSTEM)) == 1
    with slice_.federation() as federation:
        assert federation.active_provider() is None
        assert federation.provider_for_callback(draft.id) is None


def test_draft_is_forgotten_after_seven_days(slice_, clock):
    with slice_.providers() as providers:
        providers.draft(SYSTEM, ProviderKind.OKTA)
        clock.forward(days=6)
        providers.forget_expired_drafts()
        assert len(providers.list(SYSTEM)) == 1
        clock.forward(days=1)
        providers.forget_expired_drafts()
        assert providers.list(SYSTEM) == []


def test_provider_signs_people_in_only_after_it_was_confirmed(slice_):
    with slice_.providers() as providers:
        draft = providers.draft(SYSTEM, ProviderKind.OKTA)
        proposed = providers.propose(SYSTEM, draft.id, slice_.typed(), slice_.judgement())
        assert providers.needs_confirmation(SYSTEM, proposed)
        with pytest.raises(Conflict):
            providers.apply(SYSTEM, providers.draft(SYSTEM, ProviderKind.OIDC).id)
    provider = slice_.a_provider()
    with slice_.federation() as federation:
        assert federation.active_provider() == provider
        assert federation.provider_for_callback(provider.id) == provider
        assert federation.client(provider).secrets == ("first-secret",)
        assert federation.is_reachable(provider)
    assert slice_.events == [IdentityProviderChanged(provider.id)]
    assert slice_.audited()[0][0] == "identity_provider_create"


def test_second_provider_is_refused(slice_):
    slice_.a_provider()
    with slice_.providers() as providers, pytest.raises(Conflict, match="one at a time"):
        providers.draft(SYSTEM, ProviderKind.OKTA)


def test_failed_check_saves_nothing(slice_):
    bad = Judgement((Check("Issuer", CheckState.FAILED, "It differs.", "Mend it."),))
    with slice_.providers() as providers:
        draft = providers.draft(SYSTEM, ProviderKind.OKTA)
        with pytest.raises(Invalid, match=r"Issuer: It differs\. Mend it\."):
            providers.propose(SYSTEM, draft.id, slice_.typed(), bad)
        assert providers.get(SYSTEM, draft.id).proposal is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"url": ""}, "url"),
        ({"url": "https://example-admin.okta.com"}, "url"),
        ({"client_id": " "}, "client_id"),
        ({"client_id": "a b"}, "client_id"),
        ({"secret": ""}, "secret"),
        ({"secret": "with space"}, "secret"),
        ({"secret": "x" * 513}, "secret"),
        ({"second_secret": "ä"}, "second_secret"),
        ({"email_domains": ()}, "email_domains"),
        ({"email_domains": ("localhost",)}, "email_domains"),
        ({"email_domains": ("ex\u0430mple.com",)}, "email_domains"),
        ({"email_domains": tuple(f"d{number}.example" for number in range(51))}, "email_domains"),
    ],
)
def test_field_that_cannot_be_taken_is_named(slice_, changed, field):
    with slice_.providers() as providers:
        draft = providers.draft(SYSTEM, ProviderKind.OKTA)
        with pytest.raises(Invalid) as refused:
            providers.candidate(SYSTEM, draft.id, slice_.typed(**changed))
    assert list(refused.value.fields) == [field]
    assert "with space" not in refused.value.detail


def test_domains_are_normal_and_proposed_from_the_users(slice_):
    slice_.a_user("ada")
    with slice_.providers() as providers:
        assert providers.proposed_domains(SYSTEM) == ["example.com"]
    assert slice_.a_provider(email_domains=(" @Example.COM", "example.com", "", "b.example")).email_domains == (
        "example.com",
        "b.example",
    )


# Changing


def change(slice_, actor=SYSTEM, issuer="https://example.okta.com", **changed):
    with slice_.providers() as providers:
        provider = providers.list(SYSTEM)[0]
        typed = replace(slice_.typed(secret=""), **changed)
        candidate = providers.candidate(actor, provider.id, typed)
        proposed = providers.propose(actor, provider.id, typed, slice_.judgement(issuer))
        return candidate, providers.needs_confirmation(actor, proposed), providers.apply(actor, provider.id)


def test_empty_secret_keeps_the_stored_one(slice_):
    slice_.a_provider()
    candidate, confirm, after = change(slice_, name="Okta EU", client_id="0oa2")
    assert (candidate.client.client_id, candidate.client.secrets, confirm) == ("0oa2", ("first-secret",), False)
    with slice_.federation() as federation:
        assert federation.client(after).secrets == ("first-secret",)
    assert after.name == "Okta EU"


def test_second_secret_is_tried_too_and_can_be_dropped(slice_):
    slice_.a_provider()
    candidate, _, after = change(slice_, second_secret="second-secret")
    assert candidate.client.secrets == ("first-secret", "second-secret")
    with slice_.federation() as federation:
        assert federation.client(after).secrets == ("first-secret", "second-secret")
    candidate, _, after = change(slice_, drop_second_secret=True)
    assert candidate.client.secrets == ("first-secret",)
    assert after.settings.second_secret is None


def test_stored_secret_is_never_sent_to_another_address(slice_):
    slice_.a_provider()
    for url in ("https://evil.okta.com", "https://example.okta.com/oauth2/default", "https://example.okta.com:8443"):
        with pytest.raises(Invalid) as refused:
            change(slice_, url=url)
        assert "again" in refused.value.fields["secret"]
    candidate, _, _ = change(slice_, url="EXAMPLE.okta.com/", secret="")
    assert candidate.client.secrets == ("first-secret",)


def test_secrets_are_sealed_and_neither_shown_nor_audited(slice_):
    provider = slice_.a_provider()
    change(slice_, second_secret="second-secret")
    with slice_.database.read() as unit:
        stored = "".join(unit.connection.exec_driver_sql("select settings from identity_providers").scalars())
    assert "first-secret" not in stored
    assert "v1.k1." in stored
    assert "v1.k1." not in repr(provider) + repr(slice_.typed())
    assert not any("v1.k1." in repr(entry) or "first-secret" in repr(entry) for _, _, entry in slice_.audited())


def test_other_issuer_is_confirmed_and_ends_todays_links(slice_, signer):
    slice_.a_user()
    slice_.a_provider()
    slice_.sign_in(signer.identity())
    with slice_.providers() as providers:
        provider = providers.list(SYSTEM)[0]
        proposed = providers.propose(SYSTEM, provider.id, slice_.typed(url=NEW), slice_.judgement(NEW))
        assert providers.needs_confirmation(SYSTEM, proposed)
        impact = providers.impact(SYSTEM, proposed)
        assert (impact.users, impact.active_links) == (1, 1)
        providers.apply(SYSTEM, provider.id)
    assert slice_.events[-1] == IdentityProviderChanged(provider.id, issuer_changed=True)
    with slice_.links() as links:
        assert links.store.find_by_subject(signer.issuer, "00u1ada").state is LinkState.INACTIVE


def test_change_needs_recent_authentication_and_waits_for_it(slice_, clock):
    slice_.a_provider()
    with pytest.raises(StepUpRequired):
        change(slice_, actor=stale(clock), name="Okta EU")
    with slice_.providers() as providers:
        provider = providers.list(SYSTEM)[0]
        assert provider.name == "Okta"
        with pytest.raises(StepUpRequired):
            providers.delete(stale(clock), provider.id)


def test_change_on_top_of_anothers_is_refused(slice_):
    provider = slice_.a_provider()
    change(slice_, name="Okta EU")
    with slice_.providers() as providers:
        for attempt in (
            lambda: providers.propose(SYSTEM, provider.id, slice_.typed(), slice_.judgement(), version=provider.version),
            lambda: providers.apply(SYSTEM, provider.id, version=provider.version),
            lambda: providers.delete(SYSTEM, provider.id, version=provider.version),
        ):
            with pytest.raises(PreconditionFailed):
                attempt()


def test_proposal_can_be_discarded(slice_):
    provider = slice_.a_provider()
    with slice_.providers() as providers:
        providers.propose(SYSTEM, provider.id, slice_.typed(name="Other"), slice_.judgement())
        providers.discard(SYSTEM, provider.id)
        assert providers.get(SYSTEM, provider.id).proposal is None
        with pytest.raises(Conflict):
            providers.apply(SYSTEM, provider.id)


def test_reader_can_look_and_change_nothing(slice_):
    provider = slice_.a_provider()
    with slice_.providers() as providers:
        assert providers.get(READER, provider.id).name == "Okta"
        for attempt in (
            lambda: providers.draft(READER, ProviderKind.OKTA),
            lambda: providers.candidate(READER, provider.id, slice_.typed()),
            lambda: providers.propose(READER, provider.id, slice_.typed(), slice_.judgement()),
            lambda: providers.apply(READER, provider.id),
            lambda: providers.discard(READER, provider.id),
            lambda: providers.delete(READER, provider.id),
        ):
            with pytest.raises(Denied) as denied:
                attempt()
            assert denied.value.permission == "identity_providers:write"
    with slice_.links() as links, pytest.raises(Denied):
        links.unlink(READER, "u1")


# Deleting


def test_deleting_ends_signins_erases_secrets_and_keeps_links_inactive(slice_, signer):
    slice_.a_user()
    provider = slice_.a_provider()
    slice_.sign_in(signer.identity())
    with slice_.providers() as providers:
        assert providers.losses(SYSTEM, provider).active_links == 1
        providers.delete(SYSTEM, provider.id)
        with pytest.raises(NotFound):
            providers.get(SYSTEM, provider.id)
    assert slice_.events[-1] == IdentityProviderDeleted(provider.id)
    assert slice_.audited()[0][0] == "identity_provider_delete"
    with slice_.federation() as federation:
        assert federation.provider_for_callback(provider.id) is None
        assert federation.links.find_by_subject(signer.issuer, "00u1ada").state is LinkState.INACTIVE


def test_same_issuer_added_again_finds_its_links(slice_, signer):
    user = slice_.a_user()
    provider = slice_.a_provider()
    slice_.sign_in(signer.identity())
    with slice_.providers() as providers:
        providers.delete(SYSTEM, provider.id)
        draft = providers.draft(SYSTEM, ProviderKind.OKTA)
        proposed = providers.propose(SYSTEM, draft.id, slice_.typed(), slice_.judgement())
        assert providers.impact(SYSTEM, proposed).returning_links == 1
        again = providers.apply(SYSTEM, draft.id)
    matched = slice_.sign_in(signer.identity())
    assert (matched.user_id, matched.link.provider_id) == (user.id, again.id)


# Upkeep


def test_refresh_keeps_what_was_found_and_says_what_failed(slice_, clock):
    provider = slice_.a_provider()
    clock.forward(hours=1)
    with slice_.providers() as providers:
        providers.record_refresh(provider.id, slice_.judgement())
        assert providers.get(SYSTEM, provider.id).metadata.fetched_at == clock.now()
        clock.forward(hours=1)
        providers.record_refresh(provider.id, slice_.judgement(NEW))
        after = providers.get(SYSTEM, provider.id)
        assert (after.issuer, after.metadata.issuer, after.metadata_error) == (
            provider.issuer,
            provider.issuer,
            "The provider states another issuer.",
        )
        providers.record_refresh(provider.id, Judgement((Check("Discovery document", CheckState.FAILED, "It timed out."),)))
        assert providers.get(SYSTEM, provider.id).metadata_error == "Discovery document: It timed out."
        providers.record_refresh("gone", slice_.judgement())
    clock.forward(hours=24)
    with slice_.federation() as federation:
        assert not federation.is_reachable(federation.active_provider())
