"""What lives as long as the process."""

from dataclasses import dataclass

from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.linux.wakeups import Wakeups
from homeport.directory.admins.store.argon2id import Argon2id
from homeport.foundation.database.engine import Database
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.sealing.sealer import Sealer
from homeport.settings import Settings
from homeport.trust.access.ports import Countries


@dataclass(frozen=True, slots=True)
class Parts:
    """What lives as long as the process and is shared by all units of work."""

    settings: Settings
    database: Database
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    hasher: Argon2id
    wakeups: Wakeups
    countries: Countries
    attestation_roots: AttestationRoots
