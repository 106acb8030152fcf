"""One record of a physician with all that became of it, as the physician may see it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.credits import Completion
from app.domain.passport.disputes import DisputeCase, WithdrawnPermission
from app.services.completions import records
from app.services.completions.records import Version
from app.services.context import Caller
from app.services.passport.accounts import confirmed
from app.services.passport.disputes import cases_of, own_record
from app.services.passport.names import load_names
from app.services.passport.permission import covers
from app.store.passport import disputes, permissions


class MyRecordDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A record as its physician sees it."""

    record: Completion
    activity: str
    provider: str
    versions: tuple[Version, ...]
    """The newest first; those in which it was somebody else's are left out."""
    disputes: tuple[DisputeCase, ...]
    """The newest first."""
    unpermitted: tuple[WithdrawnPermission, ...]
    """What was withdrawn that it stands under."""


def get(connection: Connection, caller: Caller, completion_id: str) -> MyRecordDetail:
    """Return a record of the caller's; raises `NotFound` for any other, `Forbidden` while unconfirmed."""
    holder = confirmed(connection, caller)
    record = own_record(connection, holder, completion_id)
    acting = replace(caller, provider=record.provider_id)
    versions = records.history(connection, acting, completion_id)
    named = load_names(connection, [record])
    return MyRecordDetail(
        record=record,
        activity=named.activity(record.activity_id),
        provider=named.provider(record.provider_id),
        versions=tuple(one for one in versions if one.completion.physician_id in holder.ids),
        disputes=tuple(cases_of(connection, disputes.of_learner(connection, holder.ids, completion_id))),
        unpermitted=tuple(one for one in permissions.standing_of(connection, holder.ids) if covers(one, record)),
    )
