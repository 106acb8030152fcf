"""One activity as its provider sees it."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.activities import RegisteredActivity
from app.domain.catalogue import Catalogue
from app.rules.activities import judge_activity
from app.services.context import Caller
from app.store import activities


def get(connection: Connection, caller: Caller, activity_id: str) -> RegisteredActivity:
    """Return one activity of the provider with today's findings; raises `NotFound` for any other."""
    stored = activities.one(connection, caller.provider_id, activity_id)
    if stored is None:
        raise NotFound("There is no such activity.")
    return with_findings(stored, caller.service.catalogue)


def with_findings(stored: RegisteredActivity, catalogue: Catalogue) -> RegisteredActivity:
    """Return an activity with what the rules find in it today."""
    return replace(stored, findings=judge_activity(stored.activity, catalogue))
