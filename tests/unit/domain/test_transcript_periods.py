"""Periods of transcripts: the one around several, and how one is kept."""

from __future__ import annotations

from datetime import date

from app.domain.passport.transcripts import TranscriptPeriod

EARLY, LATE = date(2021, 1, 1), date(2022, 12, 31)
OPEN, FROM, UNTIL = TranscriptPeriod(), TranscriptPeriod(first=EARLY), TranscriptPeriod(last=LATE)
BOTH, DAY = TranscriptPeriod(first=EARLY, last=LATE), TranscriptPeriod(first=LATE, last=LATE)


def test_the_period_around_several_has_every_day_of_each() -> None:
    assert TranscriptPeriod.around([]) == OPEN
    assert TranscriptPeriod.around([BOTH, DAY]) == BOTH
    assert TranscriptPeriod.around([DAY]) == DAY
    assert TranscriptPeriod.around([FROM, DAY]) == FROM
    assert TranscriptPeriod.around([UNTIL, DAY]) == UNTIL
    assert TranscriptPeriod.around([FROM, UNTIL]) == OPEN


def test_a_period_is_kept_by_the_sides_that_are_not_open() -> None:
    assert (OPEN.as_document(), FROM.as_document()) == ({}, {"first": "2021-01-01"})
    for period in (OPEN, FROM, UNTIL, BOTH):
        assert TranscriptPeriod.of_document(period.as_document()) == period
