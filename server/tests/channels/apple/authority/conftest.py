"""Keys and requests of Macs, made without the server's own code."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@pytest.fixture(scope="session")
def mac_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def spki():
    return lambda key: key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
