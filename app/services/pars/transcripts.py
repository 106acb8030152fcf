"""Transcripts of licensees as documents: who it is, what was completed, and what was awarded for it."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.amounts import in_credits
from app.domain.boards import BoardKind
from app.domain.credits import CreditKind
from app.domain.joint_accreditation import AMA_PRA
from app.domain.passport.licensees import FoundTranscript
from app.domain.passport.transcripts import TranscriptCredit, TranscriptRow, totals, totals_by_board
from app.files.shapes.stored_records import Value, filled


def document_of(found: FoundTranscript | None) -> list[Value]:
    """Return the transcripts that were found: one, or none."""
    if found is None:
        return []
    transcript = found.transcript
    lines: dict[BoardKind, list[Value]] = {BoardKind.LICENSING: [], BoardKind.CERTIFYING: []}
    for line in transcript.lines:
        names = _LICENSE if line.kind is BoardKind.LICENSING else _CERTIFICATION
        lines[line.kind] += [
            dict(zip(names, (line.board_name, line.board, number), strict=True)) for number in line.numbers
        ]
    personal = {"Licensure": lines[BoardKind.LICENSING], "Certification": lines[BoardKind.CERTIFYING]}
    return [
        filled(
            {
                "Member": filled({"Name": {"FullName": transcript.name}, "PersonalInfo": filled(personal)}),
                "ActivityTranscript": [_row(row) for row in transcript.rows],
                "XtensibleInfo": {"Totals": _totals(transcript.rows)},
            }
        )
    ]


_LICENSE = ("StateLicensingBoard", "BoardCode", "StateMedicalLicenseID")
_CERTIFICATION = ("CertifyingBoard", "BoardCode", "CertifyingBoardID")


def credits_of(found: FoundTranscript | None) -> list[Value]:
    """Return the totals of the learner who was found: one, or none."""
    return [_totals(found.transcript.rows)] if found is not None else []


def _totals(rows: tuple[TranscriptRow, ...]) -> Value:
    boards = [
        {"Board": one.board, "BoardName": one.board_name, "numberOfCredits": in_credits(one.quarters)}
        for one in totals_by_board(rows)
    ]
    return filled({"AMAPRACategory1": in_credits(totals(rows).ama_pra), "BoardTotal": boards})


def _row(row: TranscriptRow) -> Value:
    module = {
        "ModuleName": {"value": row.activity, "moduleID": row.activity_id},
        "Status": "Completed",
        "CompletedDateTime": row.completed_on.isoformat(),
        "CreditCertificate": [one for credit in row.credits for one in _certificates(credit)],
        "Flag": [flag.value for flag in row.flags],
    }
    return {"Activity": {"ReportingOrganization": row.provider, "Module": filled(module)}}


def _certificates(credit: TranscriptCredit) -> Iterator[Value]:
    """Yield the whole, then its types, which are parts of it and never added to it."""
    whole = AMA_PRA if credit.kind is CreditKind.CME else "MOC"
    for kind, quarters in ((whole, credit.quarters), *credit.credit_types):
        yield {
            "Board": credit.board,
            "CreditReceived": {
                "activityCertification": kind,
                "creditUnit": "Point",
                "numberOfCredits": in_credits(quarters),
            },
            "Status": credit.status.value,
        }
