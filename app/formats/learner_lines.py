"""Lines of JSON: the body of the API, beside it what is asked for. Faults are told as the API tells them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from app.core.errors import Problem, Unreadable
from app.core.strict_json import read_json
from app.domain.batches import RawRow
from app.domain.findings import Finding
from app.domain.readings import Unread
from app.domain.reports import Action
from app.formats.cells import read_action
from app.formats.places import NOWHERE, Place, Record, Upload, refusal
from app.schemas.completions import CompletionIn
from app.schemas.faults import findings_of, findings_of_problem

_NO_JSON = refusal("unreadable", "", "The line is no JSON.", "Send the body of one completion on each line.")
_NO_OBJECT = refusal("type", "", "A line is one JSON object.", "Send the body of one completion on each line.")
_NO_ACTION = refusal("type", "/action", "An action is a text.", "Give add, update or delete, or leave it out.")


class LearnerLines:
    """Reads the lines of one file."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def place(self, pointer: str, record: Record | None = None) -> Place:
        """Return the pointer itself: a line has no columns."""
        return Place(column=pointer) if pointer else NOWHERE

    def read(self, raw: RawRow) -> Record:
        """Return what a line reports. The permission was attested with the file, unless the line denies it."""
        assert isinstance(raw.raw, str)
        given, findings = read_line(raw.raw)
        if given is None:
            return Record(number=raw.number, report=None, findings=findings)
        action, findings = action_of(given)
        try:
            body = CompletionIn.model_validate(given)
        except ValidationError as error:
            return Record(number=raw.number, report=None, findings=(*findings, *findings_of(error)))
        upload = self._upload
        report = body.as_report(upload.provider_id, upload.received_at, upload.entry_method)
        permission = True if report.permission is None else report.permission
        report = replace(report, permission=permission, batch_id=upload.batch_id, action=action)
        return Record(number=raw.number, report=report, findings=findings)


def read_line(line: str) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """Return the JSON object on a line, None with the reason when there is none."""
    try:
        given = read_json(line)
    except Problem as problem:
        return None, (_NO_JSON,) if isinstance(problem, Unreadable) else findings_of_problem(problem)
    return (given, ()) if isinstance(given, dict) else (None, (_NO_OBJECT,))


def action_of(given: dict[str, Any]) -> tuple[Action | Unread | None, tuple[Finding, ...]]:
    """Take what is asked for out of a line's object: to add, when it does not say."""
    action = given.pop("action", None)
    if action is None:
        return Action.ADD, ()
    return (read_action(action), ()) if isinstance(action, str) else (Action.ADD, (_NO_ACTION,))
