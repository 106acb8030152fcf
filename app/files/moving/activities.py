"""Activities of another system: lines of JSON as the export writes them, rows of the template, PARS documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from pydantic import ValidationError

from app.domain.batches import Cell, FileFormat, FileHead, RawRow
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import code_key
from app.domain.moving.records import PastActivity
from app.domain.parsing import own_id_or_none, plain_or_none, read_activity_id, text_or_none
from app.domain.reports import Action
from app.files.formats import FORMATS
from app.files.mapping.activity_bodies import blank_record
from app.files.mapping.line_bodies import LineLocations, read_line, take_action
from app.files.mapping.locations import Location
from app.files.mapping.refusals import refusal
from app.files.moving.completion_lines import OTHER_PROVIDER
from app.files.moving.values import Reading
from app.schemas.activities import ActivityPatch
from app.schemas.faults import findings_of
from app.schemas.moving.lines import PastActivityFields

_STATUS, _CHANGED = "activitystatus", "changedutc"
"""Headings, by comparison key, that an export has and nobody sends."""
_BESIDE = frozenset(PastActivityFields.model_fields)
_ONLY_ADD = refusal(
    "action-valid",
    "/action",
    "Only what stands is taken over: the record asks to delete an activity.",
    "Leave it out, or upload it as a batch once all is imported.",
)


class PastActivityLines(LineLocations):
    """Maps the lines of one file."""

    def __init__(self, provider_ids: Sequence[str]) -> None:
        self._provider_id = provider_ids[0]
        self._own_ids = frozenset(provider_ids)

    def read(self, row: RawRow) -> PastActivity:
        """Return what a line says."""
        assert isinstance(row.raw, str)
        body, findings = read_line(row.raw)
        if body is None:
            return self._unread(findings)
        action, found = take_action(body)
        findings += found
        close = body.pop("close", None)
        try:
            beside = PastActivityFields.model_validate({name: body.pop(name, None) for name in _BESIDE})
            given = ActivityPatch.model_validate(body).fields_of(self._provider_id)
        except ValidationError as error:
            return self._unread((*findings, *findings_of(error, ActivityPatch)))
        reading = Reading(findings)
        if action is Action.DELETE:
            reading.findings.append(_ONLY_ADD)
        provider = plain_or_none(beside.provider_id)
        if provider is not None and provider not in self._own_ids:
            reading.findings.append(OTHER_PROVIDER)
        return PastActivity(
            given=replace(given, activity_id=read_activity_id(beside.activity_id) or ""),
            status=text_or_none(beside.status) or ("closed" if close is True else None),
            created_at=reading.moment(beside.created_at, "/created_at"),
            updated_at=reading.moment(beside.updated_at, "/updated_at"),
            findings=tuple(reading.findings),
        )

    def _unread(self, findings: tuple[Finding, ...]) -> PastActivity:
        return PastActivity(given=blank_record(0, self._provider_id, ()).given, status=None, findings=findings)


class PastActivityRecords:
    """Maps the rows of a table, or the records of a document, with what maps uploads of them."""

    def __init__(self, head: FileHead, provider_ids: Sequence[str]) -> None:
        self._mapper = FORMATS[head.format].activities(head, provider_ids[0])
        keys = [code_key(name) for name in head.headings]
        self._places = {key: keys.index(key) for key in (_STATUS, _CHANGED) if key in keys}

    def read(self, row: RawRow) -> PastActivity:
        """Return what a record says."""
        record = self._mapper.read(row)
        reading = Reading(record.findings)
        if record.action is Action.DELETE:
            reading.findings.append(_ONLY_ADD)
        elif not isinstance(record.action, Action | None):
            reading.findings.append(refusal("action-valid", "/action", "Not an action on a record.", "Give Add."))
        status = self._text(row, _STATUS)
        updated_at = reading.moment(self._text(row, _CHANGED), "/updated_at")
        return PastActivity(
            given=replace(record.given, activity_id=record.activity_id or ""),
            status=status or ("closed" if record.close else None),
            updated_at=updated_at,
            onto=record.onto,
            findings=tuple(reading.findings),
        )

    def locate(self, pointer: str, row: RawRow) -> Location:
        """Return the column, or the path, of what a pointer names."""
        return self._mapper.locate(pointer, self._mapper.read(row))

    def _text(self, row: RawRow, key: str) -> str | None:
        place = self._places.get(key)
        cells: Sequence[Cell] = row.raw if isinstance(row.raw, list) else ()
        cell: Any = cells[place] if place is not None and place < len(cells) else None
        if isinstance(cell, dict):
            cell = cell.get("d")
        return own_id_or_none(cell) if isinstance(cell, str) else None


def activity_reader(head: FileHead, provider_ids: Sequence[str]) -> PastActivityLines | PastActivityRecords:
    """Return what maps the activities of a file."""
    if head.format is FileFormat.NDJSON:
        return PastActivityLines(provider_ids)
    return PastActivityRecords(head, provider_ids)
