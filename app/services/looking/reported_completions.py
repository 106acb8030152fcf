"""Completions as PARS documents: what stands of each, as it was reported, so that it could be reported again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.amounts import format_quarters
from app.domain.catalogue import Catalogue
from app.domain.exports import ExportFormat
from app.domain.rems import time_in_documents
from app.files.document_members import OWN_CREDIT_ID
from app.files.writing.learner_reports import CME_TYPE, GENERAL_TYPE, Certificate, JsonReports, Report, XmlReports
from app.services.looking.completion_documents import read_references, read_types
from app.services.looking.lists import DocumentWriter, ExportPiece
from app.store.completion_lists import CompletionFilter
from app.store.looking import completion_exports as stored
from app.store.looking.ids_in_order import Reached
from app.store.sql.values import read_document

AT_ONCE = 2_000
"""Completions of a piece."""
_ANSWERS = {
    "local_id": "LocalIdentifier", "state": "StateOfPrimaryPractice", "dea_registration": "DEARegistration",
    "profession": "Profession", "practice_area": "PracticeArea", "surgical_procedures": "SurgicalProcedures",
    "time_in_practice": "TimeInPractice",
}  # fmt: skip
"""Answers for REMS, and their elements in the order of the document."""


class _Credit(msgspec.Struct, frozen=True):
    """A credit as it is read."""

    credit_id: str
    kind: str
    board: str
    reported_id: str | None
    quarters: int
    types: str | None
    references: str | None
    place: int


class ReportedCompletions:
    """The completions that a query finds, as a document."""

    def __init__(self, wanted: CompletionFilter, catalogue: Catalogue) -> None:
        self._wanted = wanted
        self._states = {code: board.state for code, board in catalogue.boards.items()}

    def read(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows, one for each credit that stands."""
        rows, further = stored.read_standing(connection, self._wanted, reached, AT_ONCE)
        return ExportPiece(rows, further)

    def writer(self, format: ExportFormat, made_at: datetime) -> DocumentWriter:
        """Return what writes them."""
        return _Writer(XmlReports(made_at) if format is ExportFormat.XML else JsonReports(made_at), self._states)


class _Writer:
    def __init__(self, reports: XmlReports | JsonReports, states: Mapping[str, str | None]) -> None:
        self._reports = reports
        self._states = states
        self.begin, self.end = reports.begin, reports.end

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return self._reports.add(self._each(rows))

    def _each(self, rows: Sequence[Sequence[Any]]) -> Iterator[Report]:
        for _, of_one in groupby(rows, key=itemgetter(0)):
            yield self._report(list(of_one))

    def _report(self, rows: Sequence[Sequence[Any]]) -> Report:
        (
            _, activity_id, title, provider_id, provider_name, completed_on, occasion, first_name, last_name,
            birth_date, npi, link, rems, *_credit,
        ) = rows[0]  # fmt: skip
        credits = [_Credit(*credit) for *_, credit in ((row, row[13:]) for row in rows) if credit[0] is not None]
        by_link = first_name is None or last_name is None
        return Report(
            provider_name=provider_name,
            provider_id=provider_id,
            activity_id=activity_id,
            title=title,
            completed_on=completed_on,
            first_name=first_name,
            last_name=last_name,
            birth_date=f"--{birth_date.replace('/', '-')}" if birth_date else None,
            learner_link=link if by_link and credits else None,
            occasion=occasion if occasion > 1 else None,
            participant=_answers(rems) if rems else {},
            certificates=self._certificates(credits, npi),
        )

    def _certificates(self, credits: Sequence[_Credit], npi: str | None) -> Iterator[Certificate]:
        """Yield the certificates of each credit. The NPI stands in the first of all."""
        of_state = Counter(self._states.get(credit.board) for credit in credits if credit.kind == "cme")
        for credit in credits:
            domain = credit.board
            if credit.kind == "cme" and of_state[state := self._states.get(credit.board)] == 1 and state is not None:
                domain = state
            keys = iter(read_references(credit.references) if credit.references else ())
            for number, (type, quarters) in enumerate(_parts(credit), 1):
                yield Certificate(
                    domain,
                    credit.reported_id or "",
                    type,
                    format_quarters(quarters),
                    next(keys, f"{OWN_CREDIT_ID}{credit.credit_id}-{number}"),
                    npi,
                )
                npi = None


def _parts(credit: _Credit) -> Iterable[tuple[str, int]]:
    """Return what a credit has a certificate for: CME and each special credit, or each type of a board.

    Where a board's total is not that of its largest type, its credit as a whole has one, too.
    """
    types = read_types(credit.types) if credit.types else []
    if credit.kind == "cme":
        return [(CME_TYPE, credit.quarters), *types]
    if types and max(quarters for _, quarters in types) == credit.quarters:
        return types
    return [*types, (GENERAL_TYPE, credit.quarters)]


def _answers(document: Any) -> dict[str, str | bool]:
    held = read_document(document)
    held["time_in_practice"] = time_in_documents(held.get("time_in_practice"))
    return {name: held[field] for field, name in _ANSWERS.items() if held.get(field) is not None}
