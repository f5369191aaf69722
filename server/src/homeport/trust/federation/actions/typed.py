"""What an administrator typed about an identity provider, and what cannot be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from homeport.trust.federation import discovery
from homeport.trust.federation.model import ProviderKind

MAX_NAME, MAX_CREDENTIAL, MAX_DOMAINS = 100, 512, 50
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CREDENTIAL = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What an administrator typed. An empty secret keeps the stored one, unless the provider's address changes."""

    name: str
    url: str
    client_id: str
    email_domains: tuple[str, ...]
    secret: str = field(default="", repr=False)
    second_secret: str = field(default="", repr=False)
    drop_second_secret: bool = False
    unstated_email_accepted: bool | None = None
    """Generic OIDC: whether a missing `email_verified` is accepted; None keeps what was decided."""


def normal_domains(texts: Sequence[str]) -> tuple[str, ...]:
    """Return domains in lower case without a leading @, each once."""
    return tuple(dict.fromkeys(text.strip().lower().removeprefix("@") for text in texts if text.strip()))


def problems(typed: Typed, kind: ProviderKind) -> dict[str, str]:
    """Return a sentence for each field that cannot be."""
    fields: dict[str, str] = {}
    name = typed.name.strip()
    if not name:
        fields["name"] = "Enter a name, such as Okta."
    elif len(name) > MAX_NAME or not name.isprintable():
        fields["name"] = f"A name has at most {MAX_NAME} characters and no control characters."
    try:
        discovery.locate(typed.url, kind)
    except ValueError as error:
        fields["url"] = str(error)
    for slot, text in (("client_id", typed.client_id.strip()), ("secret", typed.secret), ("second_secret", typed.second_secret)):
        if text and (len(text) > MAX_CREDENTIAL or not _CREDENTIAL.fullmatch(text)):
            fields[slot] = f"This has at most {MAX_CREDENTIAL} letters, digits and signs, and no spaces. Copy it again."
    if not typed.client_id.strip():
        fields["client_id"] = "Enter the client ID that the provider shows."
    if typed.unstated_email_accepted and kind is ProviderKind.OKTA:
        fields["unstated_email_accepted"] = "This is for Generic OIDC. Okta may leave email_verified out anyway."
    if wrong := _domain_problem(normal_domains(typed.email_domains)):
        fields["email_domains"] = wrong
    return fields


def _domain_problem(domains: Sequence[str]) -> str:
    if not domains:
        return "Enter at least one e-mail domain, such as example.com. Only its addresses can make a first link."
    wrong = next((domain for domain in domains if not _DOMAIN.fullmatch(domain)), "")
    if wrong:
        return f"{wrong[:100]} is no domain. Enter domains such as example.com, one per line."
    return f"Enter at most {MAX_DOMAINS} domains." if len(domains) > MAX_DOMAINS else ""
