"""What is wrong with a question for a transcript, whoever is on file."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import read_month_day
from app.domain.passport.licensees import LicenseeQuestion
from app.domain.passport.transcripts import TranscriptPeriod
from app.rules.licensees import judge_licensee
from tests.builders.judging import CATALOGUE

NAMES = {"first_name": "Ada", "last_name": "Lovell"}
FIRST, LAST = date(2022, 1, 1), date(2022, 12, 31)


def faults(known: ValidationRequest, **periods: TranscriptPeriod) -> list[tuple[str, str]]:
    found = judge_licensee(LicenseeQuestion(known=known, **periods), CATALOGUE)
    assert all(finding.rejects for finding in found)
    return [(finding.rule, finding.pointer) for finding in found]


@pytest.mark.parametrize(
    "known",
    [
        ValidationRequest(**NAMES, license_id="1"),
        ValidationRequest(**NAMES, board_id="1"),
        ValidationRequest(**NAMES, npi="1234567893"),
        ValidationRequest(**NAMES, birth_date=read_month_day("12/10")),
    ],
)
def test_names_and_one_thing_more_are_enough(known: ValidationRequest) -> None:
    assert faults(known) == []


def test_names_alone_tell_nobody() -> None:
    assert faults(ValidationRequest(**NAMES)) == [("format", "/license_id")]
    assert faults(ValidationRequest(**NAMES, state="TN")) == [("format", "/license_id")]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = ValidationRequest(last_name="Lovell", npi="12", state="Atlantis")
    turned = TranscriptPeriod(first=LAST, last=FIRST)
    assert faults(wrong, completed=turned, submitted=turned) == [
        ("name-required", "/first_name"),
        ("npi-valid", "/npi"),
        ("state-required", "/state"),
        ("format", "/completed_to"),
        ("format", "/submitted_to"),
    ]


def test_a_day_and_open_sides_are_periods() -> None:
    known = ValidationRequest(**NAMES, license_id="1")
    for period in (
        TranscriptPeriod(first=FIRST, last=FIRST),
        TranscriptPeriod(first=LAST),
        TranscriptPeriod(last=FIRST),
    ):
        assert faults(known, completed=period) == []
