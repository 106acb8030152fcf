"""QR codes as drawings that may stand in a page."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def qr_of(text: str, title: str) -> Markup:
    """Return a QR code as an SVG that may stand in a page: it has no style and no script; `title` is read out."""
    drawing = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawing, kind="svg", xmldecl=False, svgns=False, scale=4, border=4, dark="#000", light="#fff", omitsize=False,
        svgclass=None, lineclass=None, title=title,
    )  # fmt: skip
    return Markup(drawing.getvalue().decode())
