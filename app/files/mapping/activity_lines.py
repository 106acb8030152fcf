"""Lines of JSON with activities: the body of the API, with `action`, `activity_id` and `close` beside its fields."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from app.domain.batches import RawRow
from app.domain.findings import Finding
from app.domain.parsing import read_activity_id
from app.files.mapping.activity_bodies import ActivityRecord, blank_record
from app.files.mapping.line_bodies import LineLocations, read_line, take_action
from app.files.mapping.refusals import refusal
from app.schemas.activities import ActivityPatch
from app.schemas.base import KEEPABLE
from app.schemas.faults import findings_of

_NO_CLOSE = refusal("type", "/close", "`close` is true or false.", "Give true, or leave it out.")
_NO_ID = refusal("type", "/activity_id", "An activity id is a string.", "Give its nine digits in quotes.")
_NO_TEXT = refusal("format", "/activity_id", "The text has a character that cannot be kept.", "Give its nine digits.")


class ActivityLines(LineLocations):
    """Maps the lines of one file."""

    def __init__(self, provider_id: str) -> None:
        self._provider_id = provider_id

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a line says of an activity."""
        assert isinstance(raw.raw, str)
        body, findings = read_line(raw.raw)
        if body is None:
            return blank_record(raw.number, self._provider_id, findings)
        action, findings = take_action(body)
        activity_id, close = body.pop("activity_id", None), body.pop("close", None)
        findings += _check_members(activity_id, close)
        try:
            given = ActivityPatch.model_validate(body).fields_of(self._provider_id)
        except ValidationError as error:
            findings += findings_of(error, ActivityPatch)
        if findings:
            return blank_record(raw.number, self._provider_id, findings)
        return ActivityRecord(
            number=raw.number,
            action=action,
            activity_id=read_activity_id(activity_id),
            given=given,
            body=body,
            close=close is True,
            keeps_blanks=False,
        )


def _check_members(activity_id: Any, close: Any) -> tuple[Finding, ...]:
    return (
        *((_NO_ID,) if not isinstance(activity_id, str | None) else ()),
        *((_NO_TEXT,) if isinstance(activity_id, str) and not re.fullmatch(KEEPABLE, activity_id) else ()),
        *((_NO_CLOSE,) if not isinstance(close, bool | None) else ()),
    )
