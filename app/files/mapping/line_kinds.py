"""Lines of JSON of another kind than was named: told as a whole where the members of their bodies leave no doubt."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from app.domain.batches import BatchKind, RawRow
from app.files.mapping.line_bodies import read_line
from app.schemas.activities import ActivityPatch
from app.schemas.completions import CompletionIn
from app.schemas.passport.transcripts import TranscriptSearchIn
from app.schemas.rosters import RosterIn
from app.schemas.validations import ValidationIn

_LOOKED_AT = 100
_MEMBERS = {
    BatchKind.LEARNER_COMPLETIONS: {"action", *CompletionIn.model_fields},
    BatchKind.ACTIVITIES: {"action", "activity_id", "close", *ActivityPatch.model_fields},
    BatchKind.LEARNER_VALIDATIONS: {*ValidationIn.model_fields},
    BatchKind.ROSTER: {*RosterIn.model_fields},
    BatchKind.TRANSCRIPTS: {*TranscriptSearchIn.model_fields},
}
"""The members that a line of a kind may have."""


def kind_of_lines(rows: Iterable[RawRow], kind: BatchKind) -> BatchKind | None:
    """Return the kind that the first lines of a file have instead of one; None where that is not sure.

    It is sure where none of them fits the kind, and all fit one other alone: a member that is misspelt fits none.
    """
    lines: list[set[str]] = []
    for row in islice(rows, _LOOKED_AT):
        body = read_line(row.raw)[0] if isinstance(row.raw, str) else None
        if not body or body.keys() <= _MEMBERS[kind]:
            return None
        lines.append(set(body))
    left_out = {BatchKind.LEARNER_VALIDATIONS if kind is BatchKind.TRANSCRIPTS else BatchKind.TRANSCRIPTS}
    fitting = [
        other
        for other, members in _MEMBERS.items()
        if lines and other not in left_out and all(line <= members for line in lines)
    ]
    return fitting[0] if len(fitting) == 1 else None
