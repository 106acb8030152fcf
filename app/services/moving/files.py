"""A file with the records of another system, taken over from the command line, some records in each transaction.

A run that is stopped leaves what it has committed; the next one finds it on file, and goes on behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from app.core.errors import Contended, OperatorFault, ProviderMoved, Unavailable
from app.core.logging import error_fields, log
from app.core.private_files import write_private_pieces
from app.core.progress import report_progress
from app.domain.audit import ImportAudit
from app.domain.batches import BatchKind, FileFault, FileHead, RawRow
from app.domain.credits import CreditStatus
from app.domain.findings import Finding
from app.domain.moving.records import ImportOutcome, PastActivity, PastCompletion
from app.domain.moving.telling import TellBoards
from app.files.formats import FORMATS
from app.files.mapping.locations import Location
from app.files.mapping.records import Upload
from app.files.moving.activities import activity_reader
from app.files.moving.opening import completion_reader, open_past
from app.files.result_files import write_rejected
from app.files.writing.result_rows import AnnotatedRow, Note
from app.services.context import Caller, Service, Work, operator, transact
from app.services.moving import activities, completions
from app.services.moving.completions import Imported
from app.services.moving.refusals import FAILED
from app.services.row_findings import say_in_tables
from app.store.access import providers

AT_ONCE = {True: 250, False: 1_000}
"""Records in one transaction, on SQLite (True) and on PostgreSQL: on SQLite, single reports wait for it."""
_PIECE = 1_048_576
FEW = 20
"""Records refused or found otherwise on file that are listed."""
R = TypeVar("R", PastCompletion, PastActivity)


class ImportWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is imported, and how."""

    kind: BatchKind
    provider_id: str
    tell: TellBoards = TellBoards.NONE
    status: CreditStatus | None = None
    """What became of credit of which the file does not say it."""
    submitted: datetime | None = None
    """When records were submitted of which the file does not say it."""


@dataclass(slots=True)
class MovedCounts:
    """What became of the records of a file."""

    read: int = 0
    outcomes: Counter[ImportOutcome] = field(default_factory=Counter)
    listed: list[tuple[int, Finding]] = field(default_factory=list)
    """(row, finding) of the first that were refused, or are on file otherwise."""
    fault: str | None = None
    """Why the file could not be read to its end."""

    @property
    def left(self) -> int:
        """How many records were not taken over, and are not on file as they are."""
        return self.outcomes[ImportOutcome.REFUSED] + self.outcomes[ImportOutcome.DIFFERS]

    def as_document(self) -> dict[str, int]:
        """Return the counts by name, all of them."""
        return {"read": self.read} | {outcome.value: self.outcomes[outcome] for outcome in ImportOutcome}


def import_file(
    service: Service, path: Path, wanted: ImportWanted, counts: MovedCounts, rejected: Path | None = None
) -> None:
    """Import a file; `counts` tells what became of its records, also where it ends before the file does.

    Records that were refused, or are on file otherwise, are written to `rejected` as they were sent, with what is
    wrong: corrected, that file is imported as it is. Raises `OperatorFault`.
    """
    wanted = replace(wanted, provider_id=_provider(service, wanted.provider_id))
    caller = operator(service, wanted.provider_id)
    digest = service.keyring.keyed_digest("upload", _digest(path))
    import_id = transact(caller, _note_begin, wanted, digest)
    try:
        with open_past(path, wanted.kind) as (head, rows):
            left = _import(caller, head, rows, wanted, counts)
            if rejected is None:
                for _ in left:
                    pass
            else:
                write_private_pieces(rejected, write_rejected(head, left))
                if not counts.left:
                    rejected.unlink()
    except FileFault as fault:
        raise OperatorFault(f"{path.name}: {_say_where(fault)}{fault.detail}") from None
    except ProviderMoved:
        raise OperatorFault("The provider was merged into another one meanwhile: run it again.") from None
    transact(caller, _note_end, wanted, digest, import_id, counts.as_document())
    if counts.fault is not None:
        raise OperatorFault(f"{path.name}: {counts.fault} What was read before it was imported.")


def _provider(service: Service, given: str) -> str:
    root = service.database.read(lambda connection: providers.root_of(connection, given))
    if root is None:
        raise OperatorFault(f"There is no provider {given}: add it with `pars provider add`.")
    if service.database.read(lambda connection: providers.is_sandbox(connection, root)):
        raise OperatorFault(f"Provider {given} is one of the sandbox, which has no history.")
    return root


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    if not path.stat().st_size:
        raise OperatorFault(f"{path} is empty.")
    return digest.hexdigest()


def _note_begin(work: Work, wanted: ImportWanted, digest: str) -> str:
    work.audit("begin", work.commit_id, _audit_fields(wanted, digest))
    return work.commit_id


def _note_end(work: Work, wanted: ImportWanted, digest: str, import_id: str, counts: dict[str, int]) -> None:
    work.audit("end", import_id, replace(_audit_fields(wanted, digest), counts=counts))


def _audit_fields(wanted: ImportWanted, digest: str) -> ImportAudit:
    return ImportAudit(
        kind=wanted.kind.value, digest=digest, provider_id=wanted.provider_id, tell_boards=wanted.tell.value
    )


def _say_where(fault: FileFault) -> str:
    return f"row {fault.row}: " if fault.row is not None else ""


def _import(
    caller: Caller, head: FileHead, rows: Iterator[RawRow], wanted: ImportWanted, counts: MovedCounts
) -> Iterator[AnnotatedRow]:
    """Import the records of a file, and yield those that are not on file as they are, with the reasons."""
    former = caller.service.database.read(partial(providers.former_ids, provider_id=wanted.provider_id))
    importer: _Completions | _Activities
    if wanted.kind is BatchKind.ACTIVITIES:
        importer = _Activities(caller, head, (wanted.provider_id, *former))
    else:
        importer = _Completions(caller, head, wanted, tuple(former))
    is_table = FORMATS[head.format].is_table
    for some in _pieces(_records(_until_fault(rows, counts), importer.key), AT_ONCE[caller.service.database.on_sqlite]):
        for of_record, moved in zip(some, importer.run(some), strict=True):
            counts.outcomes[moved.outcome] += 1
            if moved.outcome in (ImportOutcome.REFUSED, ImportOutcome.DIFFERS):
                if len(counts.listed) < FEW:
                    counts.listed += [(of_record[0].number, finding) for finding in moved.findings[:1]]
                yield from _annotate(of_record, moved.findings, importer.locate, is_table=is_table)
        counts.read += len(some)
        report_progress("importing", counts.read, unit="records")


def _until_fault(rows: Iterator[RawRow], counts: MovedCounts) -> Iterator[RawRow]:
    """Yield rows up to where a file cannot be read any further; nothing is lost of what came before."""
    try:
        yield from rows
    except FileFault as fault:
        counts.fault = f"{_say_where(fault)}{fault.detail}"


def _records(rows: Iterator[RawRow], key: Callable[[RawRow], str | None]) -> Iterator[list[RawRow]]:
    """Yield the rows of each record: those that stand together and have one key; a row without a key is one."""
    for common, of_record in groupby(rows, key):
        if common is not None:
            yield list(of_record)
        else:
            for row in of_record:
                yield [row]


def _pieces(records: Iterator[list[RawRow]], at_once: int) -> Iterator[list[list[RawRow]]]:
    piece: list[list[RawRow]] = []
    for record in records:
        piece.append(record)
        if len(piece) == at_once:
            yield piece
            piece = []
    if piece:
        yield piece


def _annotate(
    rows: Sequence[RawRow],
    findings: Iterable[Finding],
    locate: Callable[[str, Sequence[RawRow]], Location],
    *,
    is_table: bool,
) -> Iterator[AnnotatedRow]:
    """Yield the rows of a record with what is wrong with it; what is wrong with a credit stands in its row."""
    located = [(finding, locate(finding.pointer, rows)) for finding in findings]
    for place, row in enumerate(rows):
        notes = [
            _note(finding, location, is_table=is_table)
            for finding, location in located
            if len(rows) == 1 or _row_of(finding) in (None, place)
        ]
        yield AnnotatedRow(number=row.number, raw=row.raw, notes=tuple(notes or [_OTHER_ROW]))


_OTHER_ROW = Note(code="moved-whole", detail="Another row of this completion has a fault.", hint="Correct that row.")


def _row_of(finding: Finding) -> int | None:
    parts = finding.pointer.split("/")
    return int(parts[2]) if len(parts) > 2 and parts[1] == "credits" and parts[2].isdecimal() else None


def _note(finding: Finding, location: Location, *, is_table: bool) -> Note:
    return Note(
        code=finding.rule,
        detail=finding.detail,
        hint=say_in_tables(finding.hint) if is_table else finding.hint,
        index=location.index,
        place=location.column if location.index is None else None,
        rejects=finding.rejects,
    )


class _Completions:
    """Takes completions over."""

    def __init__(self, caller: Caller, head: FileHead, wanted: ImportWanted, former_ids: tuple[str, ...]) -> None:
        upload = Upload(
            provider_id=wanted.provider_id,
            entry_method=FORMATS[head.format].entry_method,
            received_at=caller.service.clock(),
            batch_id=None,
            former_ids=former_ids,
        )
        self._caller = caller
        self._wanted = wanted
        self._reader = completion_reader(head, upload)
        self.key = self._reader.key
        self.locate = self._reader.locate

    def run(self, some: Sequence[Sequence[RawRow]]) -> list[Imported]:
        """Take records over; return what became of each."""
        read = [self._with_defaults(self._reader.read(rows)) for rows in some]
        return _each(self._caller, partial(completions.import_some, tell=self._wanted.tell), read)

    def _with_defaults(self, moved: PastCompletion) -> PastCompletion:
        """Return a record with what the operator says of all that the file does not say."""
        status, submitted = self._wanted.status, self._wanted.submitted
        if status is not None and any(credit.status is None for credit in moved.credits):
            assumed = [
                credit if credit.status else replace(credit, status=status, assumed=True) for credit in moved.credits
            ]
            moved = replace(moved, credits=tuple(assumed))
        if submitted is not None and not moved.submitted and moved.report is not None:
            moved = replace(moved, submitted=True, assumed=True, report=replace(moved.report, received_at=submitted))
        return moved


class _Activities:
    """Takes activities over."""

    def __init__(self, caller: Caller, head: FileHead, provider_ids: tuple[str, ...]) -> None:
        self._caller = caller
        self._reader: Any = activity_reader(head, provider_ids)

    def key(self, row: RawRow) -> None:
        """Return what rows of one record have in common: a row is one by itself."""

    def locate(self, pointer: str, rows: Sequence[RawRow]) -> Location:
        """Return where in the file something stands."""
        location: Location = self._reader.locate(pointer, rows[0])
        return location

    def run(self, some: Sequence[Sequence[RawRow]]) -> list[Imported]:
        """Take records over; return what became of each."""
        return _each(self._caller, activities.import_some, [self._reader.read(row) for (row,) in some])


def _each(caller: Caller, verb: Callable[[Work, Sequence[R]], list[Imported]], records: Sequence[R]) -> list[Imported]:
    """Take records over in one transaction; where the service itself fails on them, in halves, down to the one."""
    try:
        return transact(caller, verb, records)
    except (Unavailable, Contended, ProviderMoved, OperatorFault):
        raise
    except Exception as error:
        log.error("a record failed", records=len(records), **error_fields(error))
        if len(records) == 1:
            return [Imported(outcome=ImportOutcome.REFUSED, findings=[FAILED])]
        half = len(records) // 2
        return _each(caller, verb, records[:half]) + _each(caller, verb, records[half:])
