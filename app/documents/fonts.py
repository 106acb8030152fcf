"""Fonts that documents are set in, and which letters they have: a letter without a font would stop the export."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec
import typst
from fontTools.ttLib import TTFont

from app.core.errors import ConfigurationError

SHIPPED = Path(__file__).with_name("fonts")
_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")


class FontSet(msgspec.Struct, frozen=True, kw_only=True):
    """The fonts of one or two folders, and nothing of the system's: the same document is the same everywhere."""

    fonts: typst.Fonts
    letters: Mapping[str, frozenset[int]]
    """The letters of each family that every face of it has; the family that comes first is tried first."""

    @property
    def families(self) -> list[str]:
        """Names of the families in the order in which they are tried."""
        return list(self.letters)

    def covers(self, cluster: str) -> bool:
        """Whether one family has a letter together with its combining marks."""
        wanted = frozenset(map(ord, cluster))
        return any(wanted <= letters for letters in self.letters.values())


@cache
def load_fonts(more: Path | None = None) -> FontSet:
    """Return the fonts of the release, and those of a folder beside them; read once in a process.

    Raises `ConfigurationError` for a folder that is not there, or holds a font that cannot be read.
    """
    folders = [SHIPPED] if more is None else [SHIPPED, more]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"PARS_FONT_DIR must be a folder with fonts, and {folder} is none.")
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders]
    )
    letters: dict[str, frozenset[int]] = {}
    shipped_first = sorted(
        fonts.fonts(), key=lambda face: (not _is_shipped(face), face.family, face.path or "", face.index)
    )
    for face in shipped_first:
        covered = _letters_of(face)
        letters[face.family] = letters.get(face.family, covered) & covered
    return FontSet(fonts=fonts, letters=letters)


def clusters_of(text: str) -> Iterator[str]:
    """Yield each letter with the marks that combine with it."""
    cluster = ""
    for letter in text:
        if cluster and not (unicodedata.category(letter).startswith("M") or letter in "\u200c\u200d"):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def _is_shipped(face: typst.FontInfo) -> bool:
    return face.path is not None and Path(face.path).is_relative_to(SHIPPED)


def _letters_of(face: typst.FontInfo) -> frozenset[int]:
    try:
        with TTFont(face.path, fontNumber=face.index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except Exception as error:
        # Whatever is wrong with somebody's font file, its name and place are what helps.
        raise ConfigurationError(f"The font {face.path} cannot be read: {type(error).__name__}.") from error
