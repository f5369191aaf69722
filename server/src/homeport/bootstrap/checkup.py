"""What `homeport check` looks at, one line a thing. It changes nothing, and works beside a running server or without one."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from homeport.bootstrap.home import Home
from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.apple.cms.model import CMSError
from homeport.channels.apple.machine_info import aspen_deviceinfo
from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities
from homeport.directory.audit.jobs.keys import AuditKeyError
from homeport.foundation.database import schema
from homeport.foundation.database.engine import Database
from homeport.foundation.database.revision import head
from homeport.foundation.kernel.actor import system
from homeport.foundation.sealing.sealer import SealingKeyError
from homeport.settings import Settings, SettingsError
from homeport.trust.access.store.places import Countries
from homeport.trust.federation import discovery
from homeport.trust.federation.discovery import CheckState
from homeport.trust.federation.model import IdentityProvider, ProviderState

READER = system("check")
SOON = timedelta(days=21)
"""How long before its end a certificate gets attention."""
LITTLE, TOO_LITTLE = 2 * 2**30, 200 * 2**20
"""Bytes free on the data folder's disk that get attention, and that are a failure."""
CLOCK_ATTENTION, CLOCK_FAILED = 30.0, 120.0
"""Seconds between this clock and PostgreSQL's; ID tokens are refused from 120."""
SEAL_LAG = timedelta(minutes=5)
PATIENCE = 10.0
HTTPS = 443


class State(StrEnum):
    """How a line reads. Attention does not hinder serving; what failed does, or will."""

    OK = "ok"
    ATTENTION = "attention"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: what was seen and, unless all is well, what to do."""

    name: str
    state: State
    sentence: str
    remedy: str = ""


def look(settings: Settings) -> Iterator[Line]:
    """Look at everything that can be looked at; a later line that needs an earlier one is left out when that failed."""
    yield _settings(settings)
    yield _disk(settings)
    database = _database(settings)
    yield database
    if database.state is State.OK:
        try:
            home = Home(settings)
        except (SealingKeyError, AuditKeyError) as error:
            yield Line("Keys", State.FAILED, str(error), "Put the key files of this database back.")
        else:
            try:
                yield from _of_home(home)
            finally:
                home.parts.database.dispose()
    if settings.public_url:
        yield from _public_url(settings)


def _settings(settings: Settings) -> Line:
    try:
        settings.check_for_serving()
    except SettingsError as error:
        return Line("Settings", State.FAILED, str(error), "docs/reference/settings.md lists every setting.")
    return Line("Settings", State.OK, f"People reach this server at {settings.public_url}.")


def _disk(settings: Settings) -> Line:
    if not settings.data.is_dir():
        return Line("Data folder", State.FAILED, f"There is no folder {settings.data}.", "Set HOMEPORT_DATA, or make the folder.")
    mode = settings.data.stat().st_mode & 0o077
    free = shutil.disk_usage(settings.data).free
    said = f"{free / 2**30:.1f} GiB are free on the disk of {settings.data}."
    if free < TOO_LITTLE:
        return Line("Data folder", State.FAILED, said, "Free some space now: a full disk stops every change.")
    if mode:
        return Line(
            "Data folder", State.ATTENTION, f"{settings.data} can be entered by others.", f"Run: chmod 700 {settings.data}"
        )
    if free < LITTLE:
        return Line("Data folder", State.ATTENTION, said, "Free some space, or move the data to a larger disk.")
    return Line("Data folder", State.OK, said)


def _database(settings: Settings) -> Line:
    file = settings.data / "homeport.sqlite"
    if not settings.database_url and not file.exists():
        return Line(
            "Database", State.FAILED, f"There is no {file}.", "homeport serve makes it at its first start; or set HOMEPORT_DATA."
        )
    database = Database(settings.database)
    try:
        schema.require(database)
    except schema.SchemaError as error:
        return Line("Database", State.FAILED, str(error), "Run the command that the sentence names, as the user of the server.")
    except SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", error)).split())
        return Line(
            "Database",
            State.FAILED,
            f"It cannot be used: {said}",
            "Check that it runs and that HOMEPORT_DATABASE_URL or HOMEPORT_DATA names it.",
        )
    finally:
        database.dispose()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    return Line("Database", State.OK, f"{kind} answers, with schema {head()}.")


def _of_home(home: Home) -> Iterator[Line]:
    try:
        home.require_sealing_key()
        yield Line("Sealing key", State.OK, "It opens this database's secrets.")
    except SealingKeyError as error:
        yield Line("Sealing key", State.FAILED, str(error), f"Put this database's key into {home.parts.settings.sealing_key}.")
    yield _audit(home)
    if not home.parts.database.is_sqlite:
        yield _clock(home)
    yield _macs(home.parts.settings)
    if home.parts.settings.country_database is not None:
        yield _countries(home.parts.settings.country_database)
    with home.work.read() as actions:
        active = [one for one in actions.identity_providers.list(READER) if one.state is ProviderState.ACTIVE]
    if not active:
        yield Line(
            "Identity provider", State.ATTENTION, "None is connected.", "Connect one in the admin portal: Identity Providers."
        )
    for provider in active:
        yield _provider(home, provider)


def _macs(settings: Settings) -> Line:
    """Read a stored message as old devices make them, and the file of pins: a library that drops SHA-1 would stop every enrolment."""
    name = "Messages of Macs"
    try:
        aspen_deviceinfo.self_test()
    except CMSError as error:
        return Line(name, State.FAILED, error.detail, "Go back to the release before: no Mac can enrol with these libraries.")
    try:
        DeviceAuthorities.read(settings.apple_device_authorities)
        AttestationRoots.read(settings.apple_attestation_roots)
    except (OSError, ValueError) as error:
        files = [str(file) for file in (settings.apple_device_authorities, settings.apple_attestation_roots) if file]
        return Line(name, State.FAILED, f"{' or '.join(files)}: {error}", "Name a PEM file of certificates.")
    if settings.apple_machine_info_audit_only:
        remedy = "Set HOMEPORT_APPLE_MACHINE_INFO_AUDIT_ONLY to off once the authority is pinned."
        return Line(name, State.ATTENTION, "Devices may begin to enrol that no pinned authority vouches for.", remedy)
    if settings.apple_legacy_crypto:
        remedy = "Set HOMEPORT_APPLE_LEGACY_CRYPTO to off unless a client needs it; the audit log names digest and cipher."
        return Line(name, State.ATTENTION, "DES, 3DES and SHA-1 are taken from Macs.", remedy)
    if settings.apple_capture_until:
        remedy = "Leave HOMEPORT_APPLE_CAPTURE_UNTIL empty once the messages were looked at, and delete the folder captures."
        return Line(name, State.ATTENTION, f"Messages of Macs are kept until {settings.apple_capture_until}.", remedy)
    return Line(name, State.OK, "A stored message with every old property can be read.")


def _countries(path: Path) -> Line:
    problem = Countries(path).problem()
    remedy = "Put a country file in MaxMind's format there, readable by the server; it is read anew when it changes."
    return Line(
        "Countries",
        State.FAILED if problem else State.OK,
        problem or f"{path} tells the country of an address.",
        remedy if problem else "",
    )


def _audit(home: Home) -> Line:
    verdict = home.audit_sealer.verify()
    if not verdict.holds:
        said = f"The audit log does NOT hold: {verdict.problems[0]}"
        return Line("Audit log", State.FAILED, said, "Run homeport audit verify for all findings, and find out who wrote there.")
    said = f"{verdict.entries} sealed entries hold, {verdict.unsealed} wait for their seal."
    with home.parts.database.read() as unit:
        oldest = unit.connection.execute(text("SELECT min(at) FROM audit_entries WHERE batch IS NULL")).scalar()
    since = datetime.fromisoformat(oldest) if isinstance(oldest, str) else oldest
    if since is not None and home.parts.clock.now() - since > SEAL_LAG:
        return Line(
            "Audit log", State.ATTENTION, f"{said} The oldest waits since {since:%Y-%m-%d %H:%M} UTC.", "Is the server running?"
        )
    return Line("Audit log", State.OK, said)


def _clock(home: Home) -> Line:
    with home.parts.database.read() as unit:
        there = unit.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs((home.parts.clock.now() - there).total_seconds())
    said = f"It is {apart:.0f} seconds apart from PostgreSQL's."
    remedy = "Keep both machines' clocks right with NTP."
    state = State.FAILED if apart > CLOCK_FAILED else State.ATTENTION if apart > CLOCK_ATTENTION else State.OK
    return Line("Clock", state, said, remedy if state is not State.OK else "")


def _provider(home: Home, provider: IdentityProvider) -> Line:
    """Fetch the provider's document and judge it, with its clock, as saving the provider does."""
    name = f"Identity provider {provider.settings.name}"
    location = discovery.locate(provider.settings.url, provider.kind)
    answer = asyncio.run(home.network.fetch(location.fetch()))
    judgement = discovery.judge(answer, location, now=home.parts.clock.now(), allow=home.allowed)
    for state in (CheckState.FAILED, CheckState.WARNING):
        for one in judgement.checks:
            if one.state is state:
                worst = State.FAILED if state is CheckState.FAILED else State.ATTENTION
                return Line(name, worst, f"{one.name}: {one.sentence}", one.remedy)
    return Line(name, State.OK, f"{location.document} is right, and the clocks agree.")


def _public_url(settings: Settings) -> Iterator[Line]:
    parts = urlsplit(settings.public_url)
    if settings.tls_cert is not None:
        try:
            certificates = x509.load_pem_x509_certificates(settings.tls_cert.read_bytes())
        except (OSError, ValueError) as error:
            yield Line(
                "TLS certificate", State.FAILED, f"{settings.tls_cert}: {error}", "Name a PEM file with HOMEPORT_TLS_CERT."
            )
        else:
            yield _expiry(str(settings.tls_cert), min(one.not_valid_after_utc for one in certificates))
    if parts.scheme == "https":
        yield _shown_certificate(parts.hostname or "", parts.port or HTTPS, settings)


def _shown_certificate(host: str, port: int, settings: Settings) -> Line:
    """Look at the certificate that people are shown at the public URL."""
    name, place = "Public URL", f"{host}:{port}"
    context = ssl.create_default_context()
    if settings.outbound_ca_file is not None:
        context.load_verify_locations(settings.outbound_ca_file)
    try:
        with (
            closing(socket.create_connection((host, port), PATIENCE)) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            certificate = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    except ssl.SSLCertVerificationError as error:
        return Line(
            name, State.FAILED, f"The certificate at {place} is not trusted: {error.verify_message}.", "Renew or replace it."
        )
    except (OSError, ValueError) as error:
        remedy = "This can be right when the name leads here only from elsewhere; else look at DNS, the proxy and the firewall."
        return Line(name, State.ATTENTION, f"{place} cannot be reached from this machine ({error}).", remedy)
    return _expiry(place, certificate.not_valid_after_utc, name)


def _expiry(place: str, ends_at: datetime, name: str = "TLS certificate") -> Line:
    left = ends_at - datetime.now(UTC)
    said = f"The certificate of {place} is good until {ends_at:%Y-%m-%d}."
    if left <= timedelta(0):
        return Line(name, State.FAILED, f"The certificate of {place} ended on {ends_at:%Y-%m-%d}.", "Renew it.")
    return Line(name, State.ATTENTION, said, "Renew it soon.") if left < SOON else Line(name, State.OK, said)
