"""QR codes as inline SVG, black on white in both themes because scanners expect it."""

import io

import segno
from markupsafe import Markup


def qr_svg(text: str, title: str = "QR code", *, scale: int = 4) -> Markup:
    """Return ``text`` as a QR code with its quiet zone of 4 modules, ``scale`` pixels to the module."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        scale=scale,
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=True,
        title=title,
        svgclass="qr",
        nl=False,
    )
    return Markup(out.getvalue().decode())  # noqa: S704 (segno escapes the title and draws the rest)
