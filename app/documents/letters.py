"""Texts made printable: letters that no font has are set in Latin ones, and what could disturb a line is left out."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from app.documents.fonts import FontSet, clusters_of

DAGGER = "\u2020"
"""Stands behind a text that was set in Latin letters."""
NOTHING_LIKE_IT = "\ufffd"
_SPACES = re.compile(r"\s+")
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PICTURE = re.compile("(:[a-z0-9_]+:)+")
"""What a picture is called."""
_ALEF = "a"
_LONGEST_WORD = 24
"""Letters of a word that a column has room for."""
_PIECE = 8
ZERO_WIDTH = "\u200b"
"""Where a long word may be broken."""


class Letters:
    """Sets the texts of one document in the letters of its fonts, and remembers whether one had to change."""

    def __init__(self, fonts: FontSet, *, plain: bool = False) -> None:
        """With `plain`, only letters of ASCII are set: what is left when a font does not keep what it says."""
        self._fonts = fonts
        self._plain = plain
        self.changed = False
        self._kept: dict[tuple[str, int], str] = {}

    def set(self, text: str, latin: str | None = None, *, longest: int = _LONGEST_WORD) -> str:
        """Return a text as it can be printed; `latin` is its form in Latin letters, where one is on file.

        A text that was changed ends with a dagger. Accents and marks stay where a font has them. Words of more letters
        than `longest` may be broken.
        """
        # Most texts are plain, and the same few boards, types and providers stand in every row.
        key = text, longest
        if key not in self._kept:
            cleaned = clean(text)
            covered = (cleaned.isascii() and cleaned.isprintable()) or all(map(self._covers, clusters_of(cleaned)))
            self._kept[key] = _breakable(cleaned if covered else self._in_latin(cleaned, latin), longest)
        return self._kept[key]

    def _in_latin(self, cleaned: str, latin: str | None) -> str:
        self.changed = True
        printed = "".join(
            cluster if self._covers(cluster) else _latin_of(cluster)
            for cluster in clusters_of(clean(latin) if latin and latin.strip() else cleaned)
        )
        return f"{_SPACES.sub(' ', printed).strip() or NOTHING_LIKE_IT} {DAGGER}"

    def _covers(self, cluster: str) -> bool:
        return (cluster.isascii() or not self._plain) and self._fonts.covers(cluster)


def _latin_of(cluster: str) -> str:
    """Return a cluster in Latin letters: nothing for pictures, and for letters that stand for no sound."""
    latin = _ALEF if cluster.startswith("\u0627") else anyascii(cluster)
    if _PICTURE.fullmatch(latin):
        return ""
    unknown = unicodedata.category(cluster[0]) in ("Cn", "Co", "Cs") or NOTHING_LIKE_IT in cluster
    return latin or (NOTHING_LIKE_IT if unknown else "")


def clean(text: str) -> str:
    """Return a text in one line, composed, without control, direction and other invisible signs."""
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip()
    visible = "".join(
        NOTHING_LIKE_IT if unicodedata.category(letter) == "Cs" else letter
        for letter in _SELECTORS.sub("", text)
        if letter in _JOINERS or letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf")
    )
    return _SPACES.sub(" ", unicodedata.normalize("NFC", visible)).strip()


def _breakable(text: str, longest: int) -> str:
    """Return a text whose longest words may be broken here and there: none leaves its column."""
    if len(text) <= longest:
        return text
    return " ".join(_in_pieces(word) if len(word) > longest else word for word in text.split(" "))


def _in_pieces(word: str) -> str:
    clusters = list(clusters_of(word))
    return ZERO_WIDTH.join("".join(clusters[place : place + _PIECE]) for place in range(0, len(clusters), _PIECE))
