"""What wakes Macs, put together."""

import random

from homeport.bootstrap.parts import Parts
from homeport.channels.apple.push.jobs import Waker, Waking
from homeport.channels.apple.push.model import Credentials
from homeport.foundation.database.engine import Work
from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.http2 import Http2
from homeport.foundation.outbound.urls import Origin

NO_PUSHES = "off"


def waker(work: Work[Waking], network: Outbound, parts: Parts) -> Waker:
    """Return what wakes Macs through the push service of the settings."""
    origin = Origin.parse(parts.settings.apple_push_service)

    def connect(proof: Credentials) -> Http2:
        return Http2(network, origin, proof.certificate, proof.key)

    return Waker(work, connect, parts.clock, random.SystemRandom().random)
