"""The rows of a session sheet: the learners whom the provider knows, what each gets, and whom pasted names mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from app.console.drawn_forms import DrawnForm, Said
from app.console.visitors import Visitor
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import name_key
from app.domain.looking.known_learners import KnownLearner
from app.services.context import read_async
from app.services.looking import known_learners

MOST_ROWS = 500
_CELLS = re.compile(r"[\t;|]")


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A learner of the sheet."""

    learner: KnownLearner
    name: str
    form: DrawnForm
    """What is said of the row."""
    ticked: bool
    outcome: str = ""


class Pasted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of pasted names."""

    found: tuple[str, ...]
    """Learners who were ticked."""
    unknown: tuple[str, ...]
    """Lines that mean nobody of the roster."""
    unclear: tuple[str, ...]
    """Lines that mean several."""


async def load_roster(visitor: Visitor, activity_id: str, ticked: Iterable[str], words: str) -> dict[str, KnownLearner]:
    """Return the learners to show: those who are ticked, and those of the series or of some words first."""
    listed = await read_async(
        visitor.caller, known_learners.page, q=words or None, series=activity_id, after=None, limit=MOST_ROWS
    )
    shown = {learner.learner_id: learner for _, learner in listed.rows}
    others = [learner_id for learner_id in ticked if learner_id not in shown]
    beside = await read_async(visitor.caller, known_learners.named, others, activity_id) if others else {}
    return beside | shown


def rows_of_sheet(
    roster: Mapping[str, KnownLearner], ticked: Iterable[str], said: Mapping[str, Sequence[Said]]
) -> tuple[SheetRow, ...]:
    """Return the rows of a sheet; those with findings first."""
    chosen = set(ticked)
    rows = [
        SheetRow(
            learner=learner,
            name=named(learner),
            form=DrawnForm({}, said.get(learner_id, ()), prefix=f"r{place}"),
            ticked=learner_id in chosen,
        )
        for place, (learner_id, learner) in enumerate(roster.items())
    ]
    return tuple(sorted(rows, key=lambda row: not row.form.said))


def named(learner: KnownLearner) -> str:
    """Return a learner's name as a list shows it."""
    return ", ".join(part for part in (learner.last_name, learner.first_name) if part)


def body_for(learner: KnownLearner, shared: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return the record of one learner: CME for each licence of their newest record, points for each of its boards."""
    boards = [catalogue.boards[known.board] for known in learner.numbers if known.board in catalogue.boards]
    licences = [board.code for board in boards if board.kind is BoardKind.LICENSING]
    certifying = {board.code for board in boards if board.kind is BoardKind.CERTIFYING}
    body = {name: shared[name] for name in ("activity_id", "completed_on", "permission") if name in shared}
    body["learner"] = {"learner_id": learner.learner_id}
    if shared.get("cme"):
        body["cme"] = [{**shared["cme"][0], "state": code} for code in licences]
    if shared.get("moc"):
        body["moc"] = [part for part in shared["moc"] if part.get("board") in certifying]
    return body


def same_as_last_session(roster: Mapping[str, KnownLearner]) -> list[str]:
    """Return the learners who took part on the last day that anybody of the series did."""
    days = {
        learner_id: learner.series.last_completed_on
        for learner_id, learner in roster.items()
        if learner.series is not None and learner.series.last_completed_on is not None
    }
    last = max(days.values(), default=None)
    return [learner_id for learner_id, day in days.items() if day == last]


async def find_pasted(visitor: Visitor, activity_id: str, roster: Mapping[str, KnownLearner], text: str) -> Pasted:
    """Return whom the lines of a column or block mean: a line means who has both names in it."""
    known = dict(roster)
    found: list[str] = []
    unknown: list[str] = []
    unclear: list[str] = []
    for line in list(dict.fromkeys(filter(None, map(str.strip, text.split("\n")))))[:MOST_ROWS]:
        meant = _meant_by(line, known)
        if not meant:
            words = " ".join(_CELLS.sub(" ", line).replace(",", " ").split()[:3])
            known = await load_roster(visitor, activity_id, (), words)
            meant = _meant_by(line, known)
            known |= roster
        if len(meant) == 1:
            found += meant
        else:
            (unclear if meant else unknown).append(line)
    return Pasted(found=tuple(dict.fromkeys(found)), unknown=tuple(unknown), unclear=tuple(unclear))


def _meant_by(line: str, roster: Mapping[str, KnownLearner]) -> list[str]:
    words = {name_key(word) for word in _CELLS.sub(" ", line).replace(",", " ").split()}
    whole = name_key(line) or ""
    return [
        learner_id
        for learner_id, learner in roster.items()
        if learner.first_name
        and learner.last_name
        and all(
            (key := name_key(name)) in words or (" " in name and key and key in whole)
            for name in (learner.first_name, learner.last_name)
        )
    ]
