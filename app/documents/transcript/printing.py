"""A transcript becomes a PDF: tagged (PDF/UA-1), letter size, the same bytes for the same input."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import msgspec
import typst

from app.core.logging import log
from app.documents.fonts import FontSet, load_fonts
from app.documents.transcript.wording import Publication, texts_of
from app.domain.passport.transcripts import Transcript

_LARGE = 200
"""Rows of a transcript after which the memory it took is given back."""
_AGES = 10
_TEMPLATE = Path(__file__).with_name("transcript.typ")


def print_transcript(transcript: Transcript, publication: Publication, *, font_folder: Path | None = None) -> bytes:
    """Return the PDF of a transcript; other Python threads run meanwhile.

    Letters that neither the fonts of the release nor those of `font_folder` have are set in Latin ones, with a note.
    Raises `ConfigurationError` where `font_folder` cannot be used; it never fails for a name.
    """
    fonts = load_fonts(font_folder)
    try:
        return _compile(transcript, publication, fonts, plain=False)
    except typst.TypstError:
        # A font may list a letter and draw nothing for it: then no letter beyond ASCII is trusted to it.
        log.warning("a transcript is printed in plain letters", fonts=fonts.families)
        return _compile(transcript, publication, fonts, plain=True)


def _compile(transcript: Transcript, publication: Publication, fonts: FontSet, *, plain: bool) -> bytes:
    texts = texts_of(transcript, publication, fonts, plain=plain)
    pdf = typst.compile(
        str(_TEMPLATE),
        root=str(_TEMPLATE.parent),
        font_paths=fonts.fonts,
        ignore_system_fonts=True,
        sys_inputs={"content": msgspec.json.encode(texts).decode()},
        pdf_standards=["ua-1"],
        timestamp=datetime.combine(publication.published_on, time(), UTC),
    )
    if len(transcript.rows) > _LARGE:
        # Typst keeps what its last ten documents were made of, 65 MB each: ten empty ones take their place.
        for _ in range(_AGES):
            typst.compile(b"", font_paths=fonts.fonts, ignore_system_fonts=True)
    return pdf
