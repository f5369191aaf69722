"""All settings: one frozen tree, every field documented, good defaults. Nothing is read at import."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from homeport.foundation.outbound.urls import Origin

LEAST_AUDIT_DAYS = 30
LEAST_TOKEN = 20
"""Characters of a token that nobody guesses."""


class SettingsError(Exception):
    """A setting cannot be used; the text says which and how to mend it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and who may be reached. Each field is an environment variable `HOMEPORT_<NAME>`."""

    data: Path = Path("/var/lib/homeport")
    """Folder of the SQLite database, the sealing key and the audit key; readable by Homeport only."""
    database_url: str = ""
    """`postgresql+psycopg://user@host/name`; empty: SQLite in the data folder."""
    public_url: str = ""
    """The address under which people and devices reach Homeport, such as https://id.example.com; the only source of links."""
    organization: str = "Homeport"
    """The organization's name, shown on every page."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """Port to listen on."""
    tls_cert: Path | None = None
    """Certificate chain in PEM; with `HOMEPORT_TLS_KEY`, Homeport serves https without a proxy."""
    tls_key: Path | None = None
    """Private key in PEM."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose forwarded headers count, comma separated."""
    client_certificate_header: str = ""
    """Header in which a trusted proxy hands on the client certificate that it saw, such as Client-Cert (RFC 9440); the proxy must remove what a client sends under this name. Empty: none counts."""
    outbound_allow: tuple[str, ...] = ()
    """Exact origins that may be reached although they are private or not encrypted, comma separated; also tls://host:port and tcp://host:port."""
    outbound_proxy: str = ""
    """Proxy for requests to identity providers and webhooks."""
    outbound_ca_file: Path | None = None
    """Certificates trusted besides the system's, for requests to identity providers and event destinations."""
    agent_packages: Path | None = None
    """Folder of the agent's Debian packages that machines fetch from here; empty: those that this server was built with."""
    country_database: Path | None = None
    """File that tells the country of an address, in MaxMind's format (.mmdb), for access policies; read anew when it changes. Empty: no country is known."""
    audit_days: int = 0
    """For how many days entries of the audit log are kept, at least 30; 0 keeps them for ever. The signed headers of batches always stay."""
    apple_device_authorities: Path | None = None
    """Certificates (PEM) of authorities that vouch for Apple's devices, besides the one that Homeport knows, should Apple use another one."""
    apple_machine_info_audit_only: bool = False
    """`on` lets a device begin its enrolment although no pinned authority vouches for it, and logs it; for the day on which Apple changes its authority."""
    apple_attestation_roots: Path | None = None
    """Certificates (PEM) of the roots that vouch for Macs' keys: Apple publishes its *Enterprise Attestation Root CA*. Without it no key counts as attested."""
    apple_legacy_crypto: bool = False
    """`on` takes DES, 3DES and SHA-1 in the requests and signatures of Macs too, which old clients of SCEP need; `off` refuses them."""
    apple_capture_until: str = ""
    """Until when messages of Macs are kept in the folder `captures` of the data folder, with secrets masked: a moment such as `2026-11-26T18:00Z`, at most 48 hours after the start. Empty keeps none."""
    apple_service: str = "https://mdmenrollment.apple.com"
    """Address of Apple's enrolment service for Macs; another one only for a simulator, which `HOMEPORT_OUTBOUND_ALLOW` has to name too."""
    apple_push_service: str = "https://api.push.apple.com"
    """Address of Apple's push service (APNs); another one only for a simulator, which `HOMEPORT_OUTBOUND_ALLOW` has to name too. `off` wakes no Mac, as in the demo."""
    log_format: str = "json"
    """`json` for programs, `console` for people."""

    metrics_token: str = field(default="", repr=False)
    """Who sends it as a bearer token may read `/metrics` from anywhere; empty: only this machine may, by a loopback address."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: object) -> Self:
        """Read settings from the environment; `given` values, such as command line options, win unless they are None."""
        environment = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for name, kind in _KINDS.items():
            text = environment.get(f"HOMEPORT_{name.upper()}", "").strip()
            if text:
                values[name] = _parse(name, kind, text)
        values.update({name: value for name, value in given.items() if value is not None})
        values["public_url"] = _origin(str(values.get("public_url", "")))
        settings = cls(**values)  # type: ignore[arg-type]  # each value was parsed by its field's kind
        settings.check()
        return settings

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data / 'homeport.sqlite'}"

    @property
    def sealing_key(self) -> Path:
        """The sealing key's file."""
        return self.data / "sealing.key"

    @property
    def allowed(self) -> frozenset[Origin]:
        """The exact origins that may be reached although they are private or not encrypted."""
        return frozenset(Origin.parse(text) for text in self.outbound_allow)

    @property
    def capture_end(self) -> datetime | None:
        """Until when messages of Macs are kept; None for never, or when the text is no moment."""
        try:
            found = datetime.fromisoformat(self.apple_capture_until)
        except ValueError:
            return None
        return found if found.tzinfo else None

    @property
    def captures(self) -> Path:
        """Where messages of Macs are kept."""
        return self.data / "captures"

    @property
    def audit_key(self) -> Path:
        """The audit key's file."""
        return self.data / "audit.key"

    def check(self) -> None:
        """Raise SettingsError when the settings contradict each other or are unsafe."""
        if self.database_url and not self.database_url.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:///")):
            # Not repeated: it may hold a password.
            raise SettingsError("HOMEPORT_DATABASE_URL must be like postgresql+psycopg://user@host/name, or empty for SQLite.")
        if self.metrics_token and len(self.metrics_token) < LEAST_TOKEN:
            raise SettingsError(
                f"HOMEPORT_METRICS_TOKEN is too short to be secret; give at least {LEAST_TOKEN} random characters, as of: openssl rand -hex 24"
            )
        if 0 < self.audit_days < LEAST_AUDIT_DAYS:
            raise SettingsError(f"HOMEPORT_AUDIT_DAYS must be at least {LEAST_AUDIT_DAYS}, or 0 to keep the audit log for ever.")
        if self.apple_capture_until and self.capture_end is None:
            raise SettingsError(
                f"HOMEPORT_APPLE_CAPTURE_UNTIL is “{self.apple_capture_until[:40]}”; it must be a moment with its zone, such as 2026-11-26T18:00Z."
            )
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError("Give both HOMEPORT_TLS_CERT and HOMEPORT_TLS_KEY, or neither.")

    def check_for_links(self) -> None:
        """Raise SettingsError when no address can be made with these settings."""
        if not self.public_url:
            raise SettingsError(
                "Set HOMEPORT_PUBLIC_URL to the address under which people reach Homeport, such as https://id.example.com."
            )

    def check_for_serving(self) -> None:
        """Raise SettingsError when the server must not start with these settings."""
        self.check_for_links()
        loopback = self.host in {"127.0.0.1", "::1", "localhost"}
        if not loopback and not self.tls_cert and not self.trusted_proxies:
            raise SettingsError(
                f"Plain http is refused on {self.host}. Give HOMEPORT_TLS_CERT and HOMEPORT_TLS_KEY, or listen on 127.0.0.1 behind a proxy."
            )
        parts = urlsplit(self.public_url)
        if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise SettingsError("HOMEPORT_PUBLIC_URL must begin with https://, except on localhost.")


_DEFAULT_PORTS = {"http": 80, "https": 443}
_KINDS: dict[str, str] = {
    "data": "path",
    "database_url": "text",
    "public_url": "text",
    "organization": "text",
    "host": "text",
    "port": "number",
    "audit_days": "number",
    "tls_cert": "path",
    "tls_key": "path",
    "trusted_proxies": "list",
    "client_certificate_header": "text",
    "outbound_allow": "list",
    "outbound_proxy": "text",
    "outbound_ca_file": "path",
    "agent_packages": "path",
    "country_database": "path",
    "apple_device_authorities": "path",
    "apple_machine_info_audit_only": "switch",
    "apple_attestation_roots": "path",
    "apple_legacy_crypto": "switch",
    "apple_capture_until": "text",
    "apple_service": "text",
    "apple_push_service": "text",
    "log_format": "text",
    "metrics_token": "text",
}


def _origin(url: str) -> str:
    """Return the public URL as browsers write an origin: small letters, no default port, nothing after the host."""
    if not url:
        return ""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host, rest = parts.hostname or "", (parts.path.rstrip("/"), parts.query, parts.fragment, parts.username)
    if parts.scheme not in _DEFAULT_PORTS or not host or not host.isascii() or any(rest):
        raise SettingsError(f"HOMEPORT_PUBLIC_URL is “{url}”; it must be like https://id.example.com, without a path.")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{parts.scheme}://{host}:{port}"


def _parse(name: str, kind: str, text: str) -> object:
    match kind:
        case "path":
            return Path(text)
        case "switch":
            if text not in {"on", "off"}:
                raise SettingsError(f"HOMEPORT_{name.upper()} is “{text}”; it must be on or off.")
            return text == "on"
        case "list":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case "number":
            if not text.isdecimal() or not 0 <= int(text) <= 65535:  # noqa: PLR2004 - the highest port
                raise SettingsError(f"HOMEPORT_{name.upper()} is “{text}”; it must be a number from 0 to 65535.")
            return int(text)
        case _:
            return text
