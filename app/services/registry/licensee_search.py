"""A board's search for its licensees, as it stands in the audit log: for one of them, or for the rows of a list.

Who has found somebody by their birth date is the board, not one of its clients: all of them share what dates cost.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from app.domain.boards import Board
from app.domain.clients import Role
from app.domain.identity.validations import ValidationRequest
from app.domain.passport.audit import LicenseeSearchAudit
from app.services.context import Work
from app.services.registry.own_data import find_licensees


def place_of(board: Board | None) -> str:
    """Return what all clients of a board have in common, or all of the operator's."""
    return f"board {board.code}" if board is not None else Role.OPERATOR.value


def find_one(work: Work, known: ValidationRequest, board: Board | None) -> str | None:
    """Return the licensee who is meant; what was given is charged, and that it was asked stands in the log."""
    (found,) = find_licensees(_asking(work, board), [known], board)
    verb, subject = ("look-at", found) if found is not None else ("search", work.commit_id)
    work.audit(verb, subject, LicenseeSearchAudit(found=int(found is not None)))
    return found


def find_listed(work: Work, batch_id: str, requests: Sequence[ValidationRequest], board: Board) -> list[str | None]:
    """Do the same for some rows of a list: one entry in the log, with how many were asked for and who was found."""
    if not requests:
        return []
    found = find_licensees(_asking(work, board), requests, board)
    ids = sorted({id for id in found if id is not None})
    fields = LicenseeSearchAudit(
        found=sum(id is not None for id in found), asked=len(found), board=board.code, learner_ids=ids
    )
    work.audit("search", batch_id, fields)
    return found


def _asking(work: Work, board: Board | None) -> Work:
    caller = replace(work.caller, provider=place_of(board))
    return Work(connection=work.connection, caller=caller, now=work.now)
