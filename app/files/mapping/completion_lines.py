"""Lines of JSON with completions: the body of the API, with the findings that the API would have."""

from __future__ import annotations

from msgspec.structs import replace
from pydantic import ValidationError

from app.domain.batches import RawRow
from app.files.mapping.line_bodies import LineLocations, read_line, take_action
from app.files.mapping.records import CompletionRecord, Upload
from app.schemas.completions import CompletionIn
from app.schemas.faults import findings_of


class CompletionLines(LineLocations):
    """Maps the lines of one file."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def read(self, raw: RawRow) -> CompletionRecord:
        """Return what a line reports. The permission was attested with the file, unless the line denies it."""
        assert isinstance(raw.raw, str)
        given, findings = read_line(raw.raw)
        if given is None:
            return CompletionRecord(number=raw.number, report=None, findings=findings)
        action, findings = take_action(given)
        try:
            body = CompletionIn.model_validate(given)
        except ValidationError as error:
            return CompletionRecord(
                number=raw.number, report=None, findings=(*findings, *findings_of(error, CompletionIn))
            )
        upload = self._upload
        report = body.as_report(upload.provider_id, upload.received_at, upload.entry_method)
        permission = True if report.permission is None else report.permission
        report = replace(report, permission=permission, batch_id=upload.batch_id, action=action)
        return CompletionRecord(number=raw.number, report=report, findings=findings)
