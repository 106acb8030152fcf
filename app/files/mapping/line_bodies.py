"""Lines of JSON of every kind of record: the body of the API, and the action beside its fields."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from app.core.errors import Problem
from app.core.strict_json import read_json
from app.domain.findings import Finding
from app.domain.parsing import Unparsed
from app.domain.reports import Action
from app.files.cells import read_action
from app.files.line_members import DROPPED, LINE
from app.files.mapping.locations import NOWHERE, Location
from app.files.mapping.refusals import refusal
from app.schemas.base import Strict
from app.schemas.faults import findings_of, findings_of_problem

Body = TypeVar("Body", bound=Strict)

_ONE_OBJECT = "Send the body of one record on each line, as the description of the API shows it."
_NO_OBJECT = refusal("type", "", "A line is one JSON object.", _ONE_OBJECT)
_NO_ACTION = refusal("type", "/action", "An action is a string.", "Give add, update or delete, or leave it out.")


class LineLocations:
    """The places of a file of lines: a line has no columns, so the place is the pointer itself."""

    def locate(self, pointer: str, record: object = None) -> Location:
        """Return the place; the record is not needed."""
        return Location(column=pointer) if pointer else NOWHERE


def read_line(line: str) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """Return the JSON object on a line; None, with the reason, when there is none."""
    try:
        given = read_json(line, "The line")
    except Problem as problem:
        return None, findings_of_problem(problem)
    if not isinstance(given, dict):
        return None, (_NO_OBJECT,)
    if isinstance(as_sent := given.get(LINE), str):
        # The line came back as text because it was not an object.
        return read_line(as_sent)
    return {name: value for name, value in given.items() if name not in DROPPED}, ()


def read_body(line: str, schema: type[Body]) -> tuple[Body | None, tuple[Finding, ...]]:
    """Return the body on a line, where nothing stands beside it; None, with the reasons, when there is none."""
    given, findings = read_line(line)
    if given is None:
        return None, findings
    try:
        return schema.model_validate(given), ()
    except ValidationError as error:
        return None, findings_of(error, schema)


def take_action(given: dict[str, Any]) -> tuple[Action | Unparsed | None, tuple[Finding, ...]]:
    """Take the action out of a line's object: to add, when it does not say."""
    action = given.pop("action", None)
    if action is None:
        return Action.ADD, ()
    return (read_action(action), ()) if isinstance(action, str) else (Action.ADD, (_NO_ACTION,))
