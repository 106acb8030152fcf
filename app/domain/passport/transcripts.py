"""A physician's transcript: what it says, its totals, and the form in which it is stored and compared."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from app.domain.boards import BoardKind
from app.domain.credits import KIND_OF_BOARD, CreditKind, CreditStatus, Delivery


class RowFlag(enum.StrEnum):
    """What a reader of a transcript should know about a row before relying on it."""

    DISPUTED = "disputed"
    """The physician says that it is wrong or somebody else's, and the question is open."""
    PERMISSION_WITHDRAWN = "permission-withdrawn"
    """The physician no longer permits that it is reported."""


class TranscriptPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The days that a transcript covers, both included; None for an open side."""

    first: date | None = None
    last: date | None = None

    def covers(self, day: date) -> bool:
        """Whether a day is of it."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    @classmethod
    def around(cls, periods: Sequence[TranscriptPeriod]) -> TranscriptPeriod:
        """Return the shortest period that has every day of some; open on both sides where there are none."""
        firsts, lasts = [one.first for one in periods], [one.last for one in periods]
        return cls(
            first=min((day for day in firsts if day is not None), default=None) if None not in firsts else None,
            last=max((day for day in lasts if day is not None), default=None) if None not in lasts else None,
        )

    def as_document(self) -> dict[str, str]:
        """Return the document by which it is kept: the sides that are not open."""
        sides = {"first": self.first, "last": self.last}
        return {name: day.isoformat() for name, day in sides.items() if day is not None}

    @classmethod
    def of_document(cls, document: Mapping[str, str]) -> TranscriptPeriod:
        """Read it from the document by which it is kept."""
        return cls(**{name: date.fromisoformat(day) for name, day in document.items()})


class TranscriptCredit(msgspec.Struct, frozen=True, kw_only=True):
    """Credit for one board within a row."""

    kind: CreditKind
    board: str
    """The board's code."""
    board_name: str
    quarters: int
    credit_types: tuple[tuple[str, int], ...] = ()
    """(type, quarters); for CME, its special credits. They are parts of the amount, never added to it."""
    status: CreditStatus
    delivery: Delivery
    status_on: date | None = None
    """Day since which it stands so."""


class TranscriptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One completion."""

    completion_id: str
    completed_on: date
    activity_id: str
    activity: str
    """The activity's title."""
    provider: str
    """The provider's name."""
    credits: tuple[TranscriptCredit, ...]
    flags: tuple[RowFlag, ...] = ()


class BoardNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A licence or certification that the physician has."""

    kind: BoardKind
    board: str
    board_name: str
    number: str


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True):
    """A licensing or certifying board with the physician's numbers there, and the total reported to it."""

    kind: BoardKind
    board: str
    board_name: str
    numbers: tuple[str, ...]
    """Empty where credit was reported to a board at which no number is on file."""
    quarters: int


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What a transcript says; made by `assemble`, which brings everything into its order."""

    name: str
    """The physician's name, as printed."""
    latin_name: str | None = None
    """The name in Latin letters, where it is on file beside one in others."""
    period: TranscriptPeriod
    lines: tuple[TranscriptLine, ...]
    """Licences, then certifications."""
    ama_pra_quarters: int
    rows: tuple[TranscriptRow, ...]
    """The newest first."""
    layout: int = 1
    """The number of this form: content that was published stays readable when the form changes."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Quarters that count: CME of each completion once, and what each board was sent. Never added to each other."""

    ama_pra: int
    boards: Mapping[str, int]


def totals(rows: Iterable[TranscriptRow]) -> Totals:
    """Return the totals of rows. Credit that was rejected or withdrawn counts for nothing, types are never added up.

    CME of one completion that went to several states is one amount: the largest of them.
    """
    ama_pra = 0
    boards: dict[str, int] = {}
    for row in rows:
        holding = [credit for credit in row.credits if credit.status.holds]
        ama_pra += max((credit.quarters for credit in holding if credit.kind is CreditKind.CME), default=0)
        for credit in holding:
            boards[credit.board] = boards.get(credit.board, 0) + credit.quarters
    return Totals(ama_pra=ama_pra, boards=boards)


class BoardTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What one board was sent of some rows."""

    board: str
    board_name: str
    kind: CreditKind
    quarters: int
    credit_types: tuple[tuple[str, int], ...]
    """(type, quarters) by name, each the sum of that type; types are never added to each other."""


def totals_by_board(rows: Iterable[TranscriptRow]) -> tuple[BoardTotal, ...]:
    """Return the totals of rows for each board that has credit in them: states, then certifying boards, by name.

    Credit that was rejected or withdrawn counts for nothing; a board of which all was has a total of 0.
    """
    found: dict[str, BoardTotal] = {}
    for credit in (credit for row in rows for credit in row.credits):
        before = found.get(credit.board) or BoardTotal(
            board=credit.board, board_name=credit.board_name, kind=credit.kind, quarters=0, credit_types=()
        )
        types = dict(before.credit_types)
        if credit.status.holds:
            for name, quarters in credit.credit_types:
                types[name] = types.get(name, 0) + quarters
        found[credit.board] = msgspec.structs.replace(
            before,
            quarters=before.quarters + credit.quarters * credit.status.holds,
            credit_types=tuple(sorted(types.items())),
        )
    return tuple(sorted(found.values(), key=lambda one: (one.kind is CreditKind.MOC, one.board_name, one.board)))


def assemble(
    name: str,
    period: TranscriptPeriod,
    numbers: Iterable[BoardNumber],
    rows: Iterable[TranscriptRow],
    *,
    latin_name: str | None = None,
) -> Transcript:
    """Return the transcript of a physician's numbers and completions, in whichever order these are given.

    A board that has credit in a row has a line, with a number on file or without one.
    """
    arranged = tuple(sorted(map(_arranged, rows), key=_newest_first))
    counted = totals(arranged)
    return Transcript(
        name=name,
        latin_name=latin_name,
        period=period,
        lines=_lines(numbers, arranged, counted),
        ama_pra_quarters=counted.ama_pra,
        rows=arranged,
    )


def content_of(transcript: Transcript) -> bytes:
    """Return the canonical JSON of a transcript: the same content gives the same bytes. Amounts are in quarters."""
    return msgspec.json.encode(transcript, order="sorted")


def digest_of_content(content: bytes) -> str:
    """Return the SHA-256 of a transcript's canonical JSON, in hex."""
    return hashlib.sha256(content).hexdigest()


def read_content(content: bytes) -> Transcript:
    """Return the transcript of its canonical JSON. Raises `msgspec.DecodeError` for anything else."""
    return msgspec.json.decode(content, type=Transcript)


def _lines(
    numbers: Iterable[BoardNumber], rows: Sequence[TranscriptRow], counted: Totals
) -> tuple[TranscriptLine, ...]:
    kinds = {kind: board_kind for board_kind, kind in KIND_OF_BOARD.items()}
    boards: dict[str, tuple[BoardKind, str]] = {
        credit.board: (kinds[credit.kind], credit.board_name) for row in rows for credit in row.credits
    }
    on_file: dict[str, set[str]] = {}
    for number in numbers:
        boards[number.board] = (number.kind, number.board_name)
        on_file.setdefault(number.board, set()).add(number.number)
    lines = (
        TranscriptLine(
            kind=kind,
            board=board,
            board_name=board_name,
            numbers=tuple(sorted(on_file.get(board, ()))),
            quarters=counted.boards.get(board, 0),
        )
        for board, (kind, board_name) in boards.items()
    )
    return tuple(sorted(lines, key=lambda line: (line.kind is BoardKind.CERTIFYING, line.board_name, line.board)))


def _arranged(row: TranscriptRow) -> TranscriptRow:
    """Return a row with its credits in the order of print: CME, then the boards; types by name."""
    credits = (
        msgspec.structs.replace(credit, credit_types=tuple(sorted(credit.credit_types))) for credit in row.credits
    )
    return msgspec.structs.replace(
        row, credits=tuple(sorted(credits, key=_order_of_credit)), flags=tuple(sorted(set(row.flags)))
    )


def _order_of_credit(credit: TranscriptCredit) -> tuple[object, ...]:
    return (
        credit.kind is not CreditKind.CME, credit.board, not credit.status.holds, -credit.quarters,
        credit.status_on or date.min, credit.status, credit.credit_types, credit.delivery,
    )  # fmt: skip


def _newest_first(row: TranscriptRow) -> tuple[object, ...]:
    return -row.completed_on.toordinal(), row.activity.casefold(), row.provider.casefold(), row.completion_id
