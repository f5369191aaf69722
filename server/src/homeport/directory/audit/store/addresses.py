"""Which addresses a destination may have."""

from dataclasses import dataclass

from homeport.directory.audit.model import LONGEST_ADDRESS, DestinationKind
from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.outbound.urls import STREAMS, Origin, Target


@dataclass(frozen=True, slots=True)
class AddressRules:
    """`allowed` are the exact origins that the operator's settings let be reached unencrypted or inside the network."""

    allowed: frozenset[Origin]

    def checked(self, kind: DestinationKind, address: str) -> str:
        """Return an address as it is stored; raise Invalid with a sentence for one that cannot or must not be used."""
        address = address.strip()
        try:
            if len(address) > LONGEST_ADDRESS:
                problem = f"Enter an address of at most {LONGEST_ADDRESS} characters."
            elif kind is DestinationKind.WEBHOOK:
                target = Target.parse(address)
                if target.origin.scheme == "https" or target.origin in self.allowed:
                    return str(target)
                problem = "The address must begin with https://, so that nobody on the way reads the events."
            elif address.lower().startswith(tuple(f"{scheme}://" for scheme in STREAMS)):
                origin = Origin.parse(address)
                if origin.scheme == "tls" or origin in self.allowed:
                    return str(origin)
                problem = (
                    f"{origin} is not encrypted. Use a tls:// address, or let the operator add it to HOMEPORT_OUTBOUND_ALLOW."
                )
            else:
                problem = "Write the address as tls://logs.example.com:6514."
        except ValueError as error:
            problem = str(error)
        raise Invalid("The destination was not saved.", {"address": problem})
