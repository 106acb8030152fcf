"""Looking somebody up in the registry for a reason, which the audit log keeps with how many were found."""

from __future__ import annotations

import enum

from app.domain.audit import RegistrySearchAudit
from app.domain.identity.physicians import Physician, PhysicianSearch
from app.services.context import Work
from app.services.registry import physicians


class SearchReason(enum.StrEnum):
    """Why an operator looks for somebody."""

    HELP = "help-request"
    """A provider asked for help with a record."""
    PHYSICIAN = "physician-asked"
    """The physician asked about themselves."""
    BOARD = "board-asked"
    """A board asked about somebody."""
    PAIR = "same-person"
    """Two entries may be one person, or one may be two."""
    FAULT = "fault"
    """Something about the registry is being set right."""


def search(work: Work, wanted: PhysicianSearch, reason: SearchReason, limit: int) -> list[Physician]:
    """Return physicians who fit everything that is wanted, by id; that it was asked, and why, stands in the log."""
    found = physicians.search(work.connection, work.caller, wanted, after=None, limit=limit)
    work.audit("search", work.commit_id, RegistrySearchAudit(reason=reason.value, found=len(found)))
    return found


def look_at(work: Work, physician_id: str, reason: SearchReason) -> Physician:
    """Return a physician by their id or that of one merged into them, and note who looked; raises `NotFound`."""
    found = physicians.get(work.connection, work.caller, physician_id)
    work.audit("look-at", found.physician_id, RegistrySearchAudit(reason=reason.value, found=1))
    return found
