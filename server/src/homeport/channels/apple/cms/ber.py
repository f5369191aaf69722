"""Makes DER of BER (X.690): definite and shortest lengths, and octet strings in one piece.

Apple's server tokens and some devices' messages have indefinite lengths, and Go's pkcs7 cuts what it encrypted into a constructed
string; libraries that read DER refuse both. The order of sets is kept as it was sent, since a signature may be over it.
"""

from homeport.channels.apple.cms.model import LIMIT, CMSError

DEPTH = 24
"""How many elements may lie in each other. A certificate in a message needs 12."""

OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
CONSTRUCTED = 0x20
CONTEXT_0 = 0xA0
LONG_FORM = 0x80
ENCRYPTED_CONTENT_INFO = (OBJECT_IDENTIFIER, SEQUENCE, CONTEXT_0)
"""The tags of EncryptedContentInfo (RFC 5652, section 6.1) whose content came in pieces."""


def to_der(raw: bytes, *, limit: int = LIMIT) -> bytes:
    """Return the one element that `raw` holds, as DER; raise CMSError when it is damaged, too long, too deep, or not alone."""
    if len(raw) > limit:
        raise CMSError(f"The message is too long: {len(raw)} bytes, of {limit} that are taken.")
    tag, body, end = _element(raw, 0, len(raw), 1)
    if end != len(raw):
        raise CMSError("Something follows the message that does not belong to it.")
    return encode(tag, body)


def encode(tag: int, body: bytes) -> bytes:
    """Return an element with its shortest definite length."""
    size = len(body)
    if size < LONG_FORM:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, LONG_FORM | len(length))) + length + body


def _element(raw: bytes, at: int, end: int, depth: int) -> tuple[int, bytes, int]:
    """Return the tag and the DER body of the element at `at`, and where the next one begins."""
    if depth > DEPTH:
        raise CMSError(f"The message is nested more than {DEPTH} deep.")
    if end - at < 2:  # noqa: PLR2004 - a tag and a length
        raise CMSError("The message ends too early.")
    tag, first = raw[at], raw[at + 1]
    if tag & 0x1F == 0x1F:  # noqa: PLR2004 - the mark of a tag of several bytes
        raise CMSError("The message has a tag of several bytes, which none of Apple's have.")
    at += 2
    if first == LONG_FORM:
        if not tag & CONSTRUCTED:
            raise CMSError("The message has an element without a length that is in one piece.")
        children, at = _children(raw, at, end, depth, closed=False)
    else:
        size, at = _length(raw, at, end, first)
        if size > end - at:
            raise CMSError("An element of the message is longer than what holds it.")
        if not tag & CONSTRUCTED:
            return tag, raw[at : at + size], at + size
        children, at = _children(raw, at, at + size, depth, closed=True)
    tag, body = _joined(tag, children)
    return tag, body, at


def _length(raw: bytes, at: int, end: int, first: int) -> tuple[int, int]:
    if first < LONG_FORM:
        return first, at
    count = first & 0x7F
    if count > 4 or count > end - at:  # noqa: PLR2004 - four bytes of length are more than any limit
        raise CMSError("An element of the message has a length that cannot be.")
    return int.from_bytes(raw[at : at + count], "big"), at + count


def _children(raw: bytes, at: int, end: int, depth: int, *, closed: bool) -> tuple[list[tuple[int, bytes]], int]:
    """Return what lies in an element, up to `end` or, when its length is open, to the end-of-contents mark."""
    children: list[tuple[int, bytes]] = []
    while at < end:
        if raw[at : at + 2] == b"\0\0":
            if closed:
                raise CMSError("The message has an end mark where nothing is open.")
            return children, at + 2
        tag, body, at = _element(raw, at, end, depth + 1)
        children.append((tag, body))
    if not closed:
        raise CMSError("The message ends too early.")
    return children, at


def _joined(tag: int, children: list[tuple[int, bytes]]) -> tuple[int, bytes]:
    """Put the pieces of a string together; all else is what its children are."""
    if tag == OCTET_STRING | CONSTRUCTED:
        if any(child != OCTET_STRING for child, _ in children):
            raise CMSError("The message has a string whose pieces are no strings.")
        return OCTET_STRING, b"".join(body for _, body in children)
    if tag & 0xC0 == 0 and tag not in {SEQUENCE, 0x31}:
        raise CMSError("The message has a string in pieces where that is not known.")
    if tag == SEQUENCE and tuple(child for child, _ in children) == ENCRYPTED_CONTENT_INFO:
        children = [*children[:2], _encrypted(children[2][1])]
    return tag, b"".join(encode(child, body) for child, body in children)


def _encrypted(body: bytes) -> tuple[int, bytes]:
    """Return an implicit `[0]` in one piece; its pieces are DER already."""
    pieces, at = [], 0
    while at < len(body):
        tag, piece, at = _element(body, at, len(body), 1)
        if tag != OCTET_STRING:
            raise CMSError("The message has encrypted content whose pieces are no strings.")
        pieces.append(piece)
    return LONG_FORM, b"".join(pieces)
