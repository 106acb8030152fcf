"""Transcripts of people and activities of every script: short and long, read in their order by a program of others."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest

from app.documents.letters import DAGGER
from app.documents.transcript.printing import print_transcript
from app.domain.passport.transcripts import Transcript
from tests.builders.transcripts import a_credit, a_publication, a_row, a_transcript
from tests.unit.documents.test_printing import text_of

LATIN = "".join(
    chr(code) for first, end in ((0xC0, 0x250), (0x1E00, 0x1F00)) for code in range(first, end)
    if unicodedata.category(chr(code)).startswith("L")
)  # fmt: skip
"""Each letter of Latin that has an accent, or is one of its own."""
NAMES = {
    "latin": "Đặng Thị Ánh Nguyệt-Łukasz Þorgerður",
    "greek": "Ὀδυσσεὺς Ἐλύτης",
    "cyrillic": "Ђорђе Ґалаґан Щукіна",
    "han": "山田太郎",
    "arabic": "محمد عبد الله",
    "devanagari": "प्रिया शर्मा",
    "emoji": "Ann 👩🏽‍⚕️ Lee",
    "unassigned": "Ann \u0378\U000e0fff Lee",
    "turning": "Ann \u202eeeL\u202c \u2067Lee\u2069\u200f",
}
KEPT = {"latin", "greek", "cyrillic"}
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils")


def of_rows(name: str, rows: int) -> Transcript:
    """Return a transcript in which one name stands for person, activities and providers."""
    made = (a_row(number, activity=f"{name} {number:04}", provider=name) for number in range(1, rows + 1))
    return a_transcript(*made, name=name)


def laid_out(pdf: bytes, folder: Path) -> str:
    """Return the text of a PDF as poppler lays it out."""
    (folder / "t.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", "t.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


def numbers_in(text: str) -> list[int]:
    """Return the numbers at the end of titles, in the order in which they are read."""
    return [int(number) for number in re.findall(r"(?<![\d/.-])(0\d{3}|1000)(?![\d/.-])", text)]


@needs_poppler
@pytest.mark.parametrize("script", NAMES)
def test_a_name_of_any_script_is_printed_in_its_place_or_in_latin_letters(script: str, tmp_path: Path) -> None:
    name = NAMES[script]
    transcript = of_rows(name, 3)
    pdf = print_transcript(transcript, a_publication())
    assert print_transcript(transcript, a_publication()) == pdf, "the same input is the same bytes"
    text = laid_out(pdf, tmp_path)
    assert numbers_in(text) == [1, 2, 3]
    assert text.index("Transcript dates") < text.index("0001") < text.index("OFFICIAL TRANSCRIPT")
    assert (DAGGER in text) == (script not in KEPT | {"turning"})
    if script in KEPT:
        assert unicodedata.normalize("NFC", name) in text
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08]", text), "nothing turns a line"


@needs_poppler
def test_a_thousand_rows_of_mixed_scripts_are_read_in_their_order(tmp_path: Path) -> None:
    names = list(NAMES.values())
    rows = [
        a_row(number, activity=f"{names[number % len(names)]} {number:04}", provider=names[-number % len(names)])
        for number in range(1, 1_001)
    ]
    transcript = a_transcript(*rows, name=NAMES["greek"])
    pdf = print_transcript(transcript, a_publication())
    assert print_transcript(transcript, a_publication()) == pdf
    text = laid_out(pdf, tmp_path)
    assert numbers_in(text) == list(range(1, 1_001))
    dates = re.findall(r"^\s*(\d\d/\d\d/\d{4})\s{2,}", text, re.MULTILINE)
    assert dates == [f"{row.completed_on:%m/%d/%Y}" for row in rows]
    pages = [int(number) for number in re.findall(r"page (\d+) of \d+", text)]
    assert pages == list(range(1, len(pages) + 1))


def test_every_letter_of_latin_is_printed_as_it_is() -> None:
    """In pieces of twenty, as many as stand in one line."""
    pieces = [LATIN[place : place + 20] for place in range(0, len(LATIN), 20)]
    rows = [a_row(number, a_credit("CA-M", 1), activity=piece) for number, piece in enumerate(pieces, 1)]
    pdf = print_transcript(a_transcript(*rows), a_publication())
    text = text_of(pdf)
    printed = {letter for letter in LATIN if unicodedata.normalize("NFC", letter) in text}
    assert sorted(set(LATIN) - printed) == []
    assert DAGGER not in text
