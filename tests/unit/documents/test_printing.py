"""The transcript as a PDF: what it says, in which order, for whom it can be read, and that it is the same each time."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from pypdfium2 import PdfDocument

from app.documents.fonts import SHIPPED
from app.documents.letters import DAGGER
from app.documents.transcript.printing import print_transcript
from app.domain.credits import CreditStatus, Delivery
from app.domain.passport.transcripts import RowFlag, Transcript, TranscriptPeriod, assemble
from tests.builders.transcripts import LICENSE, a_credit, a_publication, a_row, a_transcript, slides_transcript
from tests.harness.wire import at_once

ROOT = Path(__file__).resolve().parents[3]
LATIN_LETTERS = f"{DAGGER} Set in Latin letters"


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page in the order in which it stands there, in one line."""
    with closing(PdfDocument(pdf)) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def text_of(pdf: bytes) -> str:
    """Return the text of a PDF in one line."""
    return " ".join(pages_of(pdf))


def printed(transcript: Transcript, **given: Any) -> str:
    return text_of(print_transcript(transcript, a_publication(**given)))


def in_order(text: str, *parts: str) -> None:
    """Assert that parts of a text follow each other."""
    place = 0
    for part in parts:
        found = text.find(part, place)
        assert found >= 0, f"{part!r} is not in {text[place:]!r}"
        place = found + len(part)


def elements(element: Any, kind: str) -> Iterator[DictionaryObject]:
    """Yield the elements of a kind below one of the structure tree."""
    element = element.get_object()
    children = element if isinstance(element, list) else element.get("/K", []) if hasattr(element, "get") else []
    if isinstance(element, DictionaryObject) and element.get("/S") == kind:
        yield element
    for child in children if isinstance(children, list) else [children]:
        if not isinstance(child, int):
            yield from elements(child, kind)


def attribute(element: DictionaryObject, name: str) -> Any:
    given = element.get("/A", {})
    several = given if isinstance(given, list) else [given]
    return next((part.get_object()[name] for part in several if name in part.get_object()), None)


def boxes_of(pdf: bytes) -> Iterator[tuple[float, float, float, float]]:
    """Yield where each letter of a PDF stands on its page: left, bottom, right, top."""
    with closing(PdfDocument(pdf)) as document:
        for page in document:
            text = page.get_textpage()
            yield from (text.get_charbox(place) for place in range(text.count_chars()))


def test_it_says_what_the_slide_says_in_its_order() -> None:
    in_order(
        printed(slides_transcript()),
        "Accredited Continuing Education Transcript",
        "The activities and credit below were reported to PARS by the accredited CME providers and represent primary "
        "source verification of the education",
        "Vincent Van Gogh", "Transcript dates: 12/02/2021 \u2013 04/21/2022",
        "Medical Board of California", "54916519", "Total AMA PRA Category 1 Credits\u2122", "7.00",
        "American Board of Ophthalmology", "98989", "Total ABO MOC/CC Points", "22.75",
        "Total AMA PRA Category 1 Credits\u2122", "7.00",
        "Completion date", "Activity", "Credits earned",
        "04/21/2022", "Testing out CME Passport", "Western Regional Medical Center",
        "7 AMA PRA Category 1 Credits\u2122", "7 ABO Points", "7 Improvement in Medical Practice",
        "7 Lifelong Learning", "7 Patient Safety", "7 Self-Assessment",
        "CA-M: received 04/22/2022", "ABO: accepted 04/22/2022",
        "02/16/2022", "Testing 5013 via Excel", "AAA Test Organization", "5 ABO Points", "5 Lifelong Learning",
        "02/02/2022", "Testing 5013", "AAA Test Organization", "5 ABO Points", "5 Lifelong Learning",
        "5 Self-Assessment",
        "OFFICIAL TRANSCRIPT", "PARS", "401 Example Avenue, Suite 1850", "Chicago, IL 60611",
        "Published 04/21/2022", "Verification code: 7K4M-9QXD-2TRA", "https://pars.example.org/verify",
        "QUESTIONS?", "Contact info@pars.example.org",
        "Vincent Van Gogh \u00b7 7K4M-9QXD-2TRA", "page 1 of 1",
    )  # fmt: skip


def test_credit_of_several_states_stands_once_and_says_how_it_stands_with_each() -> None:
    row = a_row(
        1, a_credit("CA-M", 2.25), a_credit("TN-M", 2.25, delivery=Delivery.TRANSCRIPT_ONLY),
        a_credit("ME-M", 2.25, status=CreditStatus.PENDING, status_on=None), a_credit("ABO", 1),
    )  # fmt: skip
    text = printed(a_transcript(row))
    assert text.count("2.25 AMA PRA Category 1 Credits\u2122") == 1
    in_order(text, "1 ABO Point", "CA-M: received", "ME-M: pending TN-M: recorded here 04/22/2022", "takes no")


def test_different_amounts_say_whose_they_are_and_what_does_not_count_says_so() -> None:
    row = a_row(
        1, a_credit("CA-M", 3), a_credit("ZZNC", 2, types=("Controlled Substance",)),
        a_credit("ABO", 4, status=CreditStatus.REJECTED), a_credit("ABA", 4, status=CreditStatus.WITHDRAWN),
    )  # fmt: skip
    text = printed(a_transcript(row))
    in_order(text, "Credits\u2122 for CA-M", "Credits\u2122 for ZZNC", "2 Controlled Substance", "4 ABA Points (not",
             "4 ABO Points (not counted)", "ABA: withdrawn", "ABO: rejected")  # fmt: skip
    assert "Total ABO MOC/CC Points 0.00" in text


def test_a_dispute_and_a_withdrawn_permission_are_told() -> None:
    in_order(
        printed(a_transcript(a_row(1, flags=(RowFlag.PERMISSION_WITHDRAWN, RowFlag.DISPUTED)))),
        "Disputed by the physician; not yet decided.",
        "The physician has withdrawn the permission to report this.",
    )


def test_what_was_not_published_does_not_call_itself_official() -> None:
    pdf = print_transcript(slides_transcript(), a_publication(code=None))
    assert "NOT PUBLISHED" in text_of(pdf) and "As of 04/21/2022" in text_of(pdf)
    assert "OFFICIAL" not in text_of(pdf) and "Verification" not in text_of(pdf)
    assert list(elements(read(pdf).root_object["/StructTreeRoot"], "/Figure")) == []


@pytest.mark.parametrize("contact", ["", "your system's operator", "https://help.example.org/pars"])
def test_a_service_that_gave_little_about_itself_prints_what_there_is(contact: str) -> None:
    text = printed(slides_transcript(), address=(), contact=contact, verify_url="")
    assert ("QUESTIONS?" in text) is bool(contact) and contact in text
    assert "7K4M-9QXD-2TRA" in text and "genuine" not in text


def test_a_period_without_credit_says_so() -> None:
    for period, said in (
        (TranscriptPeriod(), "Transcript dates: all "),
        (TranscriptPeriod(first=slides_transcript().period.first), "Transcript dates: from 12/02/2021 "),
        (TranscriptPeriod(last=slides_transcript().period.last), "Transcript dates: until 04/21/2022 "),
    ):
        text = printed(assemble("Vincent Van Gogh", period, [LICENSE], []))
        in_order(text, said, "No credit was reported for these dates.", "OFFICIAL TRANSCRIPT")
    nothing = print_transcript(assemble("Vincent Van Gogh", TranscriptPeriod(), [], []), a_publication())
    assert list(elements(read(nothing).root_object["/StructTreeRoot"], "/Table")) == []
    in_order(text_of(nothing), "None on file.", "Total AMA PRA Category 1 Credits\u2122 0.00")


@pytest.mark.parametrize("text", ["word " * 800, "w" * 4_000, "\u03a9" * 300, "i"])
def test_no_letter_leaves_the_page_however_long_a_text_is(text: str) -> None:
    transcript = a_transcript(a_row(activity=text, provider=text), name=text)
    pdf = print_transcript(transcript, a_publication(service_name=text[:60], address=(text,), contact=text))
    boxes = list(boxes_of(pdf))
    assert min(left for left, _, _, _ in boxes) > 40 and max(right for _, _, right, _ in boxes) < 572
    assert min(bottom for _, bottom, _, _ in boxes) > 20 and max(top for _, _, _, top in boxes) < 762
    assert text_of(pdf).count(text[0]) >= 4 * text.count(text[0])


def test_a_name_that_is_cut_short_at_the_end_of_pages_is_still_told() -> None:
    for name in ("Featherstonehaugh-Cholmondeley " * 8, "x" * 300):
        (page,) = pages_of(print_transcript(a_transcript(name=name), a_publication()))
        assert re.search(r"[a-z-]{5} \u2026 \u00b7 7K4M-9QXD-2TRA page 1 of 1$", page)


def test_states_that_share_credit_are_explained_and_others_are_not() -> None:
    shared = a_transcript(a_row(1, a_credit("CA-M", 2), a_credit("ME-M", 2)))
    assert "counts once in the total" in printed(shared)
    assert "counts once" not in printed(a_transcript(a_row(1, a_credit("CA-M", 2)), a_row(2, a_credit("ME-M", 2))))


@pytest.mark.parametrize("rows", [3, 1_000])
def test_every_row_stands_once_and_every_page_has_its_number(rows: int) -> None:
    pdf = print_transcript(a_transcript(*(a_row(number) for number in range(1, rows + 1))), a_publication())
    pages = pages_of(pdf)
    titles = re.findall(r"Grand Rounds (\d+)", " ".join(pages))
    assert [int(title) for title in titles] == list(range(1, rows + 1))
    for number, page in enumerate(pages, 1):
        assert page.endswith(f"Vincent Van Gogh \u00b7 7K4M-9QXD-2TRA page {number} of {len(pages)}")


@pytest.mark.parametrize("rows", [3, 120])
def test_it_is_tagged_and_every_cell_has_its_heading(rows: int) -> None:
    reader = read(print_transcript(a_transcript(*map(a_row, range(rows))), a_publication()))
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en-US"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None and reader.metadata.title == "Accredited Continuing Education Transcript"
    assert b"<pdfuaid:part>1<" in root["/Metadata"].get_data()
    tree = root["/StructTreeRoot"]
    licenses, activities = elements(tree, "/Table")
    for table, columns, lines in ((licenses, 4, 2), (activities, 4, rows)):
        headings, cells = list(elements(table, "/TH")), list(elements(table, "/TD"))
        assert [attribute(heading, "/Scope") for heading in headings] == ["/Column"] * columns
        assert len(cells) == columns * lines
        assert all(attribute(cell, "/Headers") for cell in cells)
    (picture,) = elements(tree, "/Figure")
    assert picture["/Alt"] == "QR code of https://pars.example.org/verify/7K4M-9QXD-2TRA"
    assert reader.pages[0].mediabox.width, reader.pages[0].mediabox.height == (612, 792)


def test_the_same_input_is_the_same_bytes_on_any_day_and_in_any_place() -> None:
    program = (
        "from tests.builders.transcripts import *; import hashlib\n"
        "from app.documents.transcript.printing import print_transcript\n"
        "print(hashlib.sha256(print_transcript(slides_transcript(), a_publication())).hexdigest())"
    )
    elsewhere = {"TZ": "Pacific/Auckland", "SOURCE_DATE_EPOCH": "1", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    there = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, **elsewhere}, capture_output=True, check=True
    )
    here = hashlib.sha256(print_transcript(slides_transcript(), a_publication())).hexdigest()
    assert there.stdout.decode().strip() == here
    assert print_transcript(a_transcript(a_row()), a_publication()) != print_transcript(
        a_transcript(replace(a_row(), activity="Grand Rounds I")), a_publication()
    )


def test_documents_that_are_printed_at_once_are_each_their_own() -> None:
    transcripts = [a_transcript(*map(a_row, range(30)), name=f"Ann {number}") for number in range(4)]
    alone = [print_transcript(transcript, a_publication()) for transcript in transcripts]
    together = at_once([partial(print_transcript, transcript, a_publication()) for transcript in transcripts * 2])
    assert together == alone * 2 and len(set(alone)) == 4


@pytest.mark.parametrize(
    "name",
    [
        "\u0110\u1eb7ng Th\u1ecb \u00c1nh Nguy\u1ec7t",
        "\u039f\u03b4\u03c5\u03c3\u03c3\u03ad\u03b1\u03c2 \u0395\u03bb\u03cd\u03c4\u03b7\u03c2",
        "\u0410\u043d\u043d\u0430 \u0410\u0445\u043c\u0430\u0442\u043e\u0432\u0430",
        '*Ann* #title() _Lee_ $x$ <b> \\ @ref "q" // [y] `z` {1+1}',
    ],
)
def test_a_name_is_printed_as_it_is(name: str) -> None:
    text = printed(a_transcript(a_row(activity=name, provider=name), name=name))
    assert text.count(name) == 4
    assert LATIN_LETTERS not in text


def test_a_name_in_a_script_without_a_font_is_printed_in_latin_letters_with_a_note() -> None:
    text = printed(a_transcript(name="\u5c71\u7530\u592a\u90ce", latin_name="Tar\u014d Yamada"))
    in_order(text, f"Tar\u014d Yamada {DAGGER}", LATIN_LETTERS)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_no_text_stops_the_export(text: str) -> None:
    row = a_row(activity=text, provider=text)
    given = {"service_name": text, "address": (text,), "contact": text}
    assert "page 1 of 1" in printed(a_transcript(row, name=text, latin_name=text), **given)


def a_font(folder: Path, letters: dict[int, str], features: str = "") -> None:
    """Write a font of another family that has some letters only, by the names of their glyphs."""
    font = TTFont(SHIPPED / "NotoSans-Regular.ttf")
    for table in font["cmap"].tables:
        table.cmap = letters
    for name in font["name"].names:
        name.string = str(name).replace("Noto Sans", "Boxes")
    addOpenTypeFeaturesFromString(font, features)
    font.save(folder / "boxes.ttf")


def test_a_font_of_the_operators_own_adds_its_letters(tmp_path: Path) -> None:
    a_font(tmp_path, {0x5C71: "A", 0x7530: "B"})
    pdf = print_transcript(a_transcript(name="\u5c71\u7530 Ann"), a_publication(), font_folder=tmp_path)
    assert "\u5c71\u7530 Ann" in text_of(pdf) and LATIN_LETTERS not in text_of(pdf)


def test_a_font_that_does_not_keep_what_it_says_costs_the_accents_and_nothing_else(tmp_path: Path) -> None:
    a_font(tmp_path, {0x5C71: "A"}, "feature ccmp { sub A by .notdef; } ccmp;")
    pdf = print_transcript(a_transcript(name="\u5c71 Zo\u00eb"), a_publication(), font_folder=tmp_path)
    in_order(text_of(pdf), f"Shan Zoe {DAGGER}", "OFFICIAL TRANSCRIPT", "page 1 of 1")
