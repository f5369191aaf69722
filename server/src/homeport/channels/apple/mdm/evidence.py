"""Serial number → MachineInfo → sign-in → certificate → UDID → local account: how it is known whose Mac this is."""

from dataclasses import dataclass
from enum import StrEnum

from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.model import Mac
from homeport.channels.apple.mdm.ports import Evidence


class Strength(StrEnum):
    """How strong a link is: the Mac says so, somebody whose key we know signed it, or the Mac's hardware attested it."""

    MISSING = "missing"
    CLAIMED = "claimed"
    SIGNED = "signed"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `why` says what it rests on, and what it does not show."""

    name: str
    value: str
    strength: Strength
    why: str


def chain_of(mac: Mac, evidence: Evidence | None) -> tuple[Link, ...]:
    """Return the links of a Mac's chain, from its serial number to the account that was seen on it."""
    found = evidence or Evidence()
    account = mac.account
    seen = account.observed == account.expected and bool(account.observed)
    return (
        Link(
            "Serial number",
            mac.serial,
            Strength.SIGNED if found.in_inventory else Strength.MISSING,
            "Apple's service names it as the organization's."
            if found.in_inventory
            else "It is not, or no longer, in the inventory at Apple.",
        ),
        Link(
            "MachineInfo",
            found.product or "Not kept",
            Strength.SIGNED if found.machine_info_signed else Strength.CLAIMED,
            "Signed with a certificate of Apple's device authority. It has no nonce, so it could be played again: good for routing only."
            if found.machine_info_signed
            else "The Mac said so; no signature of a pinned authority was asked for.",
        ),
        Link(
            "Sign-in",
            found.subject or "Not kept",
            Strength.SIGNED if found.subject else Strength.MISSING,
            f"{found.issuer} signed who it was." if found.subject else "The session of the web view is no longer kept.",
        ),
        Link(
            "Certificate",
            mac.certificate_sha256[:16],
            Strength.ATTESTED if found.attested else Strength.SIGNED,
            "Issued once, for this sign-in and this serial number; every message is signed with its key. "
            + ("The Mac's hardware vouched for the key." if found.attested else "Where the key is kept is not attested."),
        ),
        Link(
            "UDID",
            mac.udid,
            Strength.ATTESTED if found.attested else Strength.CLAIMED,
            "The Mac's hardware named it, with the serial number, when it vouched for the key."
            if found.attested
            else "The Mac said so at its first message; from then on the certificate is held to it.",
        ),
        Link(
            "Local account",
            account.observed or account.expected or "None yet",
            Strength.CLAIMED if seen else Strength.MISSING,
            _account_words(mac),
        ),
    )


def _account_words(mac: Mac) -> str:
    account = mac.account
    match mac.binding:
        case BindingState.CONFIRMED:
            return f"The Mac lists it and its own channel spoke, both as {account.guid}."
        case BindingState.MISMATCH:
            return f"{account.expected} was intended, and the Mac has {account.observed}."
        case BindingState.OBSERVED:
            return "Seen in one way; the second sighting is outstanding."
        case BindingState.CONFIGURED:
            return "The Mac took the name; nobody has made the account yet."
        case BindingState.INTENDED:
            return "Intended; the Mac has not taken the name."
        case BindingState.NONE:
            return "No account is intended."
