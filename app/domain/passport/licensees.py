"""A board's question about one of its licensees, and the answer."""

from __future__ import annotations

import msgspec

from app.domain.identity.physicians import Physician
from app.domain.identity.validations import ValidationRequest
from app.domain.passport.transcripts import Transcript, TranscriptPeriod


class LicenseeQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Of whom the transcript is wanted, and of what."""

    known: ValidationRequest
    completed: TranscriptPeriod = TranscriptPeriod()
    submitted: TranscriptPeriod = TranscriptPeriod()
    """Days (UTC) on which records were reported first."""


class FoundTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A licensee who was found, and what their transcript says."""

    handle: str
    """By which the PDF can be taken: sealed for the board of who asked."""
    physician: Physician
    transcript: Transcript
