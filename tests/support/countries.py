"""A tiny file of countries in MaxMind's format, written by hand: https://maxmind.github.io/MaxMind-DB/ (version 2.0)."""

from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"


def write_countries(path: Path, countries: dict[str, str]) -> Path:
    """Write a file in which each network belongs to a country."""
    data, offsets = b"", {}
    for code in dict.fromkeys(countries.values()):
        offsets[code] = len(data)
        data += _encoded({"country": {"iso_code": code}})
    nodes: list[list[Any]] = [[None, None]]
    for text, code in countries.items():
        _insert(nodes, _bits(text), code)
    count = len(nodes)

    def record(value: Any) -> bytes:
        number = count if value is None else value if isinstance(value, int) else count + 16 + offsets[value]
        return number.to_bytes(3, "big")

    tree = b"".join(record(left) + record(right) for left, right in nodes)
    about = {
        "node_count": count,
        "record_size": 24,
        "ip_version": 6,
        "database_type": "Test-Country",
        "languages": [],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 0,
        "description": {},
    }
    path.write_bytes(tree + bytes(16) + data + _MARKER + _encoded(about))
    return path


def _bits(text: str) -> str:
    network = ip_network(text)
    length = network.prefixlen + (96 if isinstance(network, IPv4Network) else 0)
    return f"{int(network.network_address):0128b}"[:length]


def _insert(nodes: list[list[Any]], bits: str, code: str) -> None:
    here = 0
    for bit in bits[:-1]:
        if nodes[here][int(bit)] is None:
            nodes.append([None, None])
            nodes[here][int(bit)] = len(nodes) - 1
        here = nodes[here][int(bit)]
    nodes[here][int(bits[-1])] = code


def _encoded(value: Any) -> bytes:
    match value:
        case dict():
            inside = b"".join(_encoded(name) + _encoded(one) for name, one in value.items())
            return bytes([7 << 5 | len(value)]) + inside
        case str():
            return bytes([2 << 5 | len(value.encode())]) + value.encode()
        case list():
            return bytes([len(value), 11 - 7]) + b"".join(map(_encoded, value))
        case _:
            return bytes([6 << 5 | 4]) + int(value).to_bytes(4, "big")
