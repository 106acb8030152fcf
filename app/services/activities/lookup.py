"""One activity as its provider sees it."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.activities import Activity, RegisteredActivity
from app.domain.catalogue import Catalogue
from app.rules.activities import judge_activity
from app.services.context import Caller
from app.store import activities


def find(connection: Connection, caller: Caller, activity_id: str) -> Activity:
    """Return one activity of the provider, without what the rules find in it; raises `NotFound` for any other."""
    return _stored(connection, caller, activity_id).activity


def get(connection: Connection, caller: Caller, activity_id: str) -> RegisteredActivity:
    """Return one activity of the provider with today's findings; raises `NotFound` for any other."""
    return with_findings(_stored(connection, caller, activity_id), caller.service.catalogue)


def _stored(connection: Connection, caller: Caller, activity_id: str) -> RegisteredActivity:
    stored = activities.one(connection, caller.provider_id, activity_id)
    if stored is None:
        raise NotFound("There is no such activity.")
    return stored


def with_findings(stored: RegisteredActivity, catalogue: Catalogue) -> RegisteredActivity:
    """Return an activity with what the rules find in it today."""
    return replace(stored, findings=judge_activity(stored.activity, catalogue))
