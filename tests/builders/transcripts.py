"""Transcripts of the tests: the slide's, and ones of as many rows as wanted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.documents.transcript.wording import Publication
from app.domain.boards import BoardKind
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.passport.transcripts import (
    BoardNumber,
    Transcript,
    TranscriptCredit,
    TranscriptPeriod,
    TranscriptRow,
    assemble,
)

WESTERN = "Western Regional Medical Center"
LICENSE = BoardNumber(
    kind=BoardKind.LICENSING, board="CA-M", board_name="Medical Board of California", number="54916519"
)
CERTIFICATION = BoardNumber(
    kind=BoardKind.CERTIFYING, board="ABO", board_name="American Board of Ophthalmology", number="98989"
)
NAMES_OF_BOARDS = {
    "CA-M": LICENSE.board_name,
    "ABO": CERTIFICATION.board_name,
    "ABA": "American Board of Anesthesiology",
    "ABIM": "American Board of Internal Medicine",
    "ME-M": "Maine Board of Licensure in Medicine",
    "TN-M": "Tennessee Board of Medical Examiners",
    "ZZNC": "North Carolina Medical Board",
}


def a_credit(board: str, credits: float, **given: Any) -> TranscriptCredit:
    """Return credit for a board; what is not given is the usual."""
    kind = CreditKind.MOC if board.startswith("AB") else CreditKind.CME
    types = given.pop("types", ())
    values = {
        "kind": kind,
        "board_name": NAMES_OF_BOARDS[board],
        "credit_types": tuple((name, round(credits * 4)) for name in types),
        "status": CreditStatus.ACCEPTED,
        "delivery": Delivery.BOARD,
        "status_on": date(2022, 4, 22),
    }
    return TranscriptCredit(board=board, quarters=round(credits * 4), **(values | given))


def a_row(number: int = 1, *credits: TranscriptCredit, **given: Any) -> TranscriptRow:
    """Return a completion; what is not given is the usual."""
    values = {
        "completion_id": f"cmp_{number:05}",
        "completed_on": date(2022, 4, 21) - timedelta(days=number),
        "activity_id": f"{300_000_000 + number}",
        "activity": f"Grand Rounds {number}",
        "provider": WESTERN,
        "credits": credits or (a_credit("CA-M", 1),),
    }
    return TranscriptRow(**(values | given))


def a_transcript(*rows: TranscriptRow, name: str = "Vincent Van Gogh", latin_name: str | None = None) -> Transcript:
    """Return a transcript of the slide's physician, or of somebody of another name."""
    period = TranscriptPeriod(first=date(2021, 12, 2), last=date(2022, 4, 21))
    return assemble(name, period, [LICENSE, CERTIFICATION], rows or [a_row()], latin_name=latin_name)


def slides_transcript() -> Transcript:
    """Return the slides' transcript. Their picture ends below three rows of 17 points, and its total is 22.75."""
    rows = [
        a_row(
            1,
            a_credit("CA-M", 7),
            a_credit(
                "ABO",
                7,
                types=("Improvement in Medical Practice", "Lifelong Learning", "Patient Safety", "Self-Assessment"),
            ),
            completed_on=date(2022, 4, 21),
            activity="Testing out CME Passport",
        ),
        a_row(
            2,
            a_credit("ABO", 5, types=("Lifelong Learning",)),
            completed_on=date(2022, 2, 16),
            activity="Testing 5013 via Excel",
            provider="AAA Test Organization",
        ),
        a_row(
            3,
            a_credit("ABO", 5, types=("Lifelong Learning", "Self-Assessment")),
            completed_on=date(2022, 2, 2),
            activity="Testing 5013",
            provider="AAA Test Organization",
        ),
        a_row(
            4,
            a_credit("ABO", 5.75, types=("Lifelong Learning",)),
            completed_on=date(2021, 12, 2),
            activity="What the picture does not show",
            provider="AAA Test Organization",
        ),
    ]
    return a_transcript(*rows)


def a_publication(**given: Any) -> Publication:
    """Return what is printed beside the content; what is not given is the usual."""
    values: dict[str, Any] = {
        "service_name": "PARS",
        "address": ("401 Example Avenue, Suite 1850", "Chicago, IL 60611", "312.555.0100"),
        "contact": "info@pars.example.org",
        "published_on": date(2022, 4, 21),
        "code": "7K4M-9QXD-2TRA",
        "verify_url": "https://pars.example.org/verify",
    }
    return Publication(**(values | given))
