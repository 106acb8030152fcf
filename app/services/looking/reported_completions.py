"""Completions as PARS documents: what stands of each, as it was reported, so that it could be reported again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from app.domain.amounts import format_quarters
from app.domain.catalogue import Catalogue
from app.domain.exports import ExportFormat
from app.domain.rems import time_in_documents
from app.files.document_members import OWN_CREDIT_ID
from app.files.writing.learner_reports import CME_TYPE, GENERAL_TYPE, JSON, XML, ReportForm
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
_CREDIT_PLACE = stored.STANDING_COLUMNS.index("x.credit_id")
_BOARD_PLACE = stored.STANDING_COLUMNS.index("x.board")
_TEXT_PLACES = tuple(
    map(stored.STANDING_COLUMNS.index, ("c.first_name", "c.last_name", "c.npi", "l.link", "x.reported_id"))
)
_TEXTS = itemgetter(*_TEXT_PLACES)
_ID = itemgetter(stored.STANDING_COLUMNS.index("c.completion_id"))


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
        return ReportsWriter(XML if format is ExportFormat.XML else JSON, self._states, made_at)


class ReportsWriter:
    """Writes the document, some rows at a time."""

    def __init__(self, form: ReportForm, states: Mapping[str, str | None], made_at: datetime) -> None:
        self._form = form
        self._states = states
        self._made_at = made_at
        self._before = form.before
        self._parts = lru_cache(maxsize=4_096)(self._make_parts)

    def begin(self) -> bytes:
        """Return what stands before the reports."""
        return self._form.begin(self._made_at).encode()

    def end(self) -> bytes:
        """Return what stands after them."""
        return self._form.after.encode()

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Return a report for each completion, whose rows stand together."""
        if not rows:
            return b""
        form = self._form
        if form.has_to_be_escaped("".join(filter(None, chain.from_iterable(map(_TEXTS, rows))))):
            rows = [self._escaped(row) for row in rows]
        opened, name, born, module, closed = form.opened, form.name, form.born, form.module, form.closed
        reports: list[str] = []
        before, several = None, _with_several(rows)
        for (
            completion_id, activity_id, title, provider_id, provider_name, completed_on, occasion, first_name,
            last_name, birth_date, npi, link, rems, credit_id, kind, board, number, quarters, types, references, _,
        ) in rows:  # fmt: skip
            if completion_id == before:
                continue
            before, certificates = completion_id, ""
            if completion_id in several:
                certificates = self._certificates_of(several[completion_id], npi)
            elif credit_id is not None:
                parts = self._parts(board, False, kind, quarters, types)
                certificates = self._certificates(parts, number, credit_id, references, npi)
            by_link = credit_id is not None and (first_name is None or last_name is None)
            reports.append(
                f"{opened(provider_name)}{name(first_name, last_name)}{born(birth_date)}"
                f"{form.participant(_answers(rems)) if rems else ''}{module(provider_id, activity_id, title)}"
                f"{completed_on}{closed(certificates, occasion, link if by_link else None)}"
            )
        before, self._before = self._before, form.between
        # One by one: few have other letters than ASCII, and a long text with one of those takes twice the memory.
        return before.encode() + form.between.encode().join(map(str.encode, reports))

    def _escaped(self, row: Sequence[Any]) -> Sequence[Any]:
        cells = list(row)
        for place in _TEXT_PLACES:
            if cells[place]:
                cells[place] = self._form.escaped(cells[place])
        return cells

    def _certificates_of(self, rows: Sequence[Sequence[Any]], npi: str | None) -> str:
        """Return the certificates of each credit of a completion. The NPI stands in the first of all."""
        counts = Counter(self._states.get(row[_BOARD_PLACE]) for row in rows if row[_CREDIT_PLACE + 1] == "cme")
        certificates: list[str] = []
        for row in rows:
            credit_id, kind, board, number, quarters, types, references, _ = row[_CREDIT_PLACE:]
            # Where several boards of a state have credit, the state does not say which.
            parts = self._parts(board, counts[self._states.get(board)] > 1, kind, quarters, types)
            certificates.append(self._certificates(parts, number, credit_id, references, npi))
            npi = None
        return self._form.between_certificates.join(certificates)

    def _certificates(
        self, parts: Sequence[Any], number: str | None, credit_id: str, references: str | None, npi: str | None
    ) -> str:
        """Return the certificates of one credit."""
        certificate = self._form.certificate
        if not references:
            if len(parts) == 1:
                return certificate(parts[0], number or "", f"{OWN_CREDIT_ID}{credit_id}-1", npi)
            keys = []
        else:
            keys = list(map(self._form.escaped, read_references(references)))
        keys += [f"{OWN_CREDIT_ID}{credit_id}-{place}" for place in range(len(keys) + 1, len(parts) + 1)]
        numbers = (npi, *repeat(None, len(parts) - 1))
        return self._form.between_certificates.join(map(certificate, parts, repeat(number or ""), keys, numbers))

    def _make_parts(
        self, board: str, by_board: bool, kind: str, quarters: int, types: str | None
    ) -> list[tuple[str, str]]:
        """Return what stands in each certificate of a credit, without what only its learner has."""
        domain = self._states.get(board) if kind == "cme" and not by_board else None
        return [
            self._form.credit(domain or board, type, format_quarters(of_type))
            for type, of_type in _parts(kind, quarters, types)
        ]


def _with_several(rows: Sequence[Sequence[Any]]) -> Mapping[str, Sequence[Sequence[Any]]]:
    """Return the rows of completions that have several, by their ids."""
    ids = list(map(_ID, rows))
    if len(set(ids)) == len(ids):
        return {}
    counts = Counter(ids)
    found: dict[str, list[Sequence[Any]]] = {}
    for completion_id, row in zip(ids, rows, strict=True):
        if counts[completion_id] > 1:
            found.setdefault(completion_id, []).append(row)
    return found


def _parts(kind: str, quarters: int, aggregate: str | None) -> Iterable[tuple[str, int]]:
    """Return what a credit has a certificate for: CME and each special credit, or each type of a board.

    Where a board's total is not that of its largest type, its credit as a whole has one, too.
    """
    types = read_types(aggregate) if aggregate else []
    if kind == "cme":
        return [(CME_TYPE, quarters), *types]
    if types and max(of_type for _, of_type in types) == quarters:
        return types
    return [*types, (GENERAL_TYPE, quarters)]


def _answers(document: Any) -> dict[str, str | bool]:
    held = read_document(document)
    held["time_in_practice"] = time_in_documents(held.get("time_in_practice"))
    return {name: held[field] for field, name in _ANSWERS.items() if held.get(field) is not None}
