"""Match marks: whether what was typed of a person fits one learner, for each target of a record.

A mark is a validation: it spends the same budget and tells the same. What was asked goes along with the form, sealed,
so that the same values are asked about once.
"""

from __future__ import annotations

import json

import msgspec
from msgspec.structs import replace
from pydantic import ValidationError

from app.console.routes import SentFields, value_of
from app.console.visitors import Visitor
from app.core.errors import InvalidRequest
from app.domain.activities import Activity
from app.domain.boards import Need
from app.domain.identity.matches import Result
from app.schemas.validations import ValidationIn
from app.services.context import read_one_async
from app.services.looking import known_learners
from app.services.registry import validations

_PURPOSE = "match mark"
_ASKED = "asked."
_STATES = {Result.ONE: "one", Result.SEVERAL: "several", Result.NONE: "none"}


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The mark of one target of a form."""

    pointer: str
    state: str = "lacking"
    lacking: str = ""
    asked: str = ""
    """What was asked and answered, sealed; empty while nothing was."""
    left: float | None = None
    """What the one who was matched can still be credited with; None where that is not known, or without bounds."""

    @property
    def name(self) -> str:
        """The field that takes what was asked along."""
        return _ASKED + self.pointer.strip("/").replace("/", ".")


class _Asked(msgspec.Struct, frozen=True):
    digest: str
    state: str
    learner_id: str = ""
    """The provider's own id of the one who was matched."""


async def mark_of(
    visitor: Visitor,
    sent: SentFields,
    fields: SentFields,
    pointer: str,
    *,
    ask: bool,
    adds_to: Activity | None = None,
) -> Mark:
    """Return the mark of a target of a form's `fields`; without `ask`, nobody is looked for who was not before.

    `sent` holds what was asked before: places may have been closed up since. With the activity that the record would
    add to, a mark says what is left there of the one who was matched, from the provider's own records.
    """
    mark = Mark(pointer=pointer)
    sought, lacking = _sought(fields, pointer, visitor)
    if lacking:
        return replace(mark, lacking=", ".join(lacking))
    keyring, bound_to = visitor.service.keyring, visitor.caller.bound_to(_PURPOSE)
    content = json.dumps(sought, sort_keys=True).encode()
    for name in sent:
        opened = keyring.unseal(_PURPOSE, value_of(sent, name), bound_to) if name.startswith(_ASKED) else None
        known = msgspec.json.decode(opened, type=_Asked) if opened is not None else None
        if known is not None and keyring.verifies_record(_PURPOSE, content, known.digest):
            left = await _left(visitor, known, adds_to, value_of(fields, f"{pointer}/board"))
            return replace(mark, state=known.state, asked=value_of(sent, name), left=left)
    if not ask:
        return mark
    try:
        answer = await validations.validate(visitor.caller, ValidationIn.model_validate(sought).as_request())
    except ValidationError:
        return replace(mark, lacking="names and numbers that can be read")
    except InvalidRequest as problem:
        return replace(mark, lacking=problem.faults[0].detail.rstrip("."))
    asked = _Asked(keyring.record_digest(_PURPOSE, content), _STATES[answer.result], answer.learner_id or "")
    left = await _left(visitor, asked, adds_to, value_of(fields, f"{pointer}/board"))
    sealed = keyring.seal(_PURPOSE, msgspec.json.encode(asked), bound_to)
    return replace(mark, state=asked.state, asked=sealed, left=left)


async def _left(visitor: Visitor, asked: _Asked, adds_to: Activity | None, board: str) -> float | None:
    if adds_to is None or not asked.learner_id:
        return None
    return await read_one_async(
        visitor.caller, known_learners.left_in_activity, asked.learner_id, adds_to, board or None
    )


def _sought(fields: SentFields, pointer: str, visitor: Visitor) -> tuple[dict[str, str], list[str]]:
    """Return what a validation asks for a target, and what is lacking for it."""
    wanted = {"first_name": "first name", "last_name": "last name"}
    names = {name: f"/learner/{name}" for name in ("first_name", "last_name", "date_of_birth", "npi")}
    if pointer.startswith("/cme/"):
        names |= {name: f"{pointer}/{name}" for name in ("state", "license_id")}
        wanted |= {"date_of_birth": "birth month and day", "state": "state"}
    else:
        names |= {name: f"{pointer}/{name}" for name in ("board", "board_id")}
        board = visitor.service.catalogue.certifying(value_of(fields, f"{pointer}/board"))
        wanted |= {"board": "the board"}
        if board is None or board.birth_date is Need.REQUIRED:
            wanted |= {"date_of_birth": "birth month and day"}
        if board is None or board.board_id is Need.REQUIRED:
            wanted |= {"board_id": "board ID"}
    sought = {name: text for name, field in names.items() if (text := value_of(fields, field))}
    return sought, [words for name, words in wanted.items() if name not in sought]
