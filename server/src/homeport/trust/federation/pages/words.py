"""Words for states, checks and impacts."""

from collections.abc import Sequence

from homeport.foundation.ui.templates import counted, stamp
from homeport.trust.federation.discovery import Check, CheckState
from homeport.trust.federation.health import FetchRecord, Health, Standing
from homeport.trust.federation.model import IdentityProvider, Impact, LinkState, Metadata, ProviderKind, ProviderState

Word = tuple[str, str]
CHECK_WORDS: dict[CheckState, Word] = {
    CheckState.OK: ("OK", "ok"),
    CheckState.WARNING: ("Attention", "warn"),
    CheckState.FAILED: ("Failed", "error"),
}
LINK_WORDS: dict[LinkState, Word] = {
    LinkState.ACTIVE: ("Linked", "ok"),
    LinkState.INACTIVE: ("Inactive", "warn"),
    LinkState.REMOVED: ("Removed", "off"),
}


def provider_word(provider: IdentityProvider) -> Word:
    """Return the word and the kind of a provider's status."""
    if provider.state is ProviderState.DRAFT:
        return "Draft", "info"
    return ("Attention", "warn") if provider.metadata_error else ("Enabled", "ok")


def found(metadata: Metadata) -> Sequence[tuple[str, str | None]]:
    """Return what discovery found, for people to read."""
    ahead = metadata.clock_difference
    return (
        ("Issuer", metadata.issuer),
        ("Authorization endpoint", metadata.authorization_endpoint),
        ("Token endpoint", metadata.token_endpoint),
        ("Keys", metadata.jwks_uri),
        ("Userinfo endpoint", metadata.userinfo_endpoint),
        ("Algorithms", ", ".join(metadata.algorithms)),
        ("PKCE", "S256" if metadata.pkce_advertised else "Not stated; sent always"),
        ("Client authentication", metadata.token_endpoint_auth_methods[0] if metadata.token_endpoint_auth_methods else None),
        ("Issuer on the redirect", "Promised and demanded" if metadata.iss_parameter_supported else "Not promised"),
        ("Clock difference", None if ahead is None else f"{ahead:+.0f} s" if abs(ahead) >= 1 else "Less than 1 s"),
    )


def number(text: str) -> int | None:
    """Return the version that a form holds; None when it holds none that can be."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 - fits 32 bits


def standing_word(health: Health) -> Word:
    """Return the word and the kind of a provider's health."""
    return {
        Standing.HEALTHY: ("Healthy", "ok"),
        Standing.ATTENTION: ("Attention", "warn"),
        Standing.FAILED: ("Failed", "error"),
    }[health.standing]


def fetched(record: FetchRecord) -> dict[str, object]:
    """Return one line of “Health”: what was fetched, how that stands, and when Homeport asks again."""
    word = ("Failing", "error") if record.failing else ("OK", "ok") if record.succeeded_at else ("Not asked yet", "info")
    return {"record": record, "word": word, "next": record.next_try(), "until": record.usable_until()}


def email_rule(provider: IdentityProvider) -> str:
    """Return what must be said of an address before it makes a first link, and who decided otherwise."""
    settings = provider.settings
    if provider.kind is ProviderKind.OKTA:
        return "It may be missing, since Okta does not always send it. False is refused."
    if not settings.unstated_email_accepted or settings.unstated_email_decided_at is None:
        return "It must be true. Missing or false is refused with email_unverified."
    return (
        f"It may be missing: decided by {settings.unstated_email_decided_by} on {stamp(settings.unstated_email_decided_at)}. "
        "False is refused with email_unverified."
    )


def impacts(provider: IdentityProvider, impact: Impact) -> list[str]:
    """Return what confirming the proposal changes, one sentence for each."""
    name = provider.proposal.name if provider.proposal is not None else provider.name
    sentences = []
    if provider.state is ProviderState.DRAFT:
        sentences += [
            f"{counted(impact.users, 'user')} will sign in with {name} to get an account on a device, all at once.",
            f"{counted(impact.devices, 'device')} will send people to {name} from then on.",
            "Federation takes effect where a way of device account provisioning is enabled.",
            "Nothing else signs in with the provider: administrators keep their Homeport password.",
        ]
    elif provider.changes_issuer:
        sentences += [
            f"The issuer changes from {provider.issuer} to {provider.proposal.issuer if provider.proposal else ''}.",
            f"{counted(impact.active_links, 'link')} of users to the old issuer will stop working and will never match the new one.",
            "These people are refused until you remove their link and allow a new one.",
            "Open sign-ins cannot end well and are to be started again.",
        ]
    else:
        sentences += [f"People go on signing in with {name}; no link changes."]
    if provider.accepts_more:
        sentences.append(
            f"{name} may leave out whether an e-mail address is verified. Whoever can enter the address of one of your users as their "
            "own there can become that user, if the user has no link yet. Accept this only if people cannot change their address there."
        )
    if impact.returning_links:
        sentences.append(f"{counted(impact.returning_links, 'inactive link')} of the same issuer will work again.")
    return sentences


def losses(provider: IdentityProvider, impact: Impact) -> list[str]:
    """Return what deleting the provider takes away, one sentence for each."""
    return [
        f"{counted(impact.active_links, 'user')} linked to {provider.name} can no longer sign in with it.",
        f"{counted(impact.users, 'user')} cannot get an account on a new device until there is another identity provider.",
        "Open sign-ins are refused at once.",
        "Accounts that exist on devices stay and go on working with their local passcode.",
        "Client ID and client secret are erased. Links are kept as inactive; the same provider added again finds them.",
    ]


def check_rows(checks: Sequence[Check]) -> Sequence[tuple[Check, Word]]:
    """Return each check with its word."""
    return [(check, CHECK_WORDS[check.state]) for check in checks]
