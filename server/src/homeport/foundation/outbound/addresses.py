"""Which addresses a server of ours may be talked into connecting to: public ones only.

The lists are IANA's special-purpose registries (RFC 6890 and its updates), written out so that they do not change with the
Python version.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_BLOCKED_4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),
        ("169.254.0.0/16", "link-local or cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_BLOCKED_6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "reserved for documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "reserved for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")


def why_blocked(address: str) -> str | None:
    """Return why the address is not public, in a word or two, or None when it is.

    IPv4-mapped and NAT64 (RFC 6052) addresses are judged by the IPv4 address inside, so that hosts behind DNS64 work.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "no IP address"
    if isinstance(parsed, IPv6Address):
        return _why_blocked_6(parsed)
    return _why_blocked_4(parsed)


def _why_blocked_4(address: IPv4Address) -> str | None:
    return next((why for network, why in _BLOCKED_4 if address in network), None)


def _why_blocked_6(address: IPv6Address) -> str | None:
    if address.scope_id is not None:
        return "link-local"
    for carrier, word in ((_MAPPED, "IPv4-mapped"), (_NAT64, "NAT64")):
        if address in carrier:
            inner = _why_blocked_4(IPv4Address(int(address) & 0xFFFFFFFF))
            return f"{word} {inner}" if inner else None
    for network, why in _BLOCKED_6:
        if address in network:
            return why
    return None if address in _GLOBAL_6 else "reserved"
