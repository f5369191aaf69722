"""As much of DER (X.690) as SCEP's signed attributes need, which no option of `openssl cms` can set."""

SEQUENCE, SET, OCTETS, INTEGER, OID, PRINTABLE, NULL = 0x30, 0x31, 0x04, 0x02, 0x06, 0x13, 0x05
_LONG = 0x80


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return an element with its tag, length and content."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(length)]) + length + content


def oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | _LONG)
        out += bytes(reversed(groups))
    return tlv(OID, bytes(out))


def read(data: bytes) -> tuple[int, bytes, bytes, bytes]:
    """Return the first element's tag, its content, its whole, and what follows it."""
    size, start = data[1], 2
    if size & _LONG:
        count = size & 0x7F
        size, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    return data[0], data[start : start + size], data[: start + size], data[start + size :]


def issuer_and_serial(certificate: bytes) -> bytes:
    """Return the IssuerAndSerialNumber of a certificate (RFC 5652, section 10.2.4)."""
    _, inside, _, _ = read(read(certificate)[1])
    tag, _, whole, rest = read(inside)
    if tag == 0xA0:  # noqa: PLR2004 - the version (RFC 5280, section 4.1)
        tag, _, whole, rest = read(rest)
    serial = whole
    _, _, _, rest = read(rest)  # the signature's algorithm
    return tlv(SEQUENCE, read(rest)[2], serial)
