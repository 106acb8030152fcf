"""What activities and providers are called, where a physician's records and disputes name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from app.domain.credits import Completion
from app.domain.passport.disputes import Dispute
from app.store import activity_lists
from app.store.people import persons


class RecordNames(msgspec.Struct, frozen=True, kw_only=True):
    """The titles of activities and the names of providers, by their ids."""

    titles: Mapping[str, str | None]
    providers: Mapping[str, str]

    def activity(self, activity_id: str) -> str:
        """Return the title of an activity; its id where it has none, or was deleted."""
        return self.titles.get(activity_id) or activity_id

    def provider(self, provider_id: str) -> str:
        """Return the name of a provider."""
        return self.providers.get(provider_id, provider_id)


def load_names(connection: Connection, named: Sequence[Completion] | Sequence[Dispute]) -> RecordNames:
    """Return what the activities and providers of records, or of disputes, are called."""
    return RecordNames(
        titles=activity_lists.titles_of(connection, {one.activity_id for one in named if one.activity_id}),
        providers=persons.provider_names(connection, sorted({one.provider_id for one in named})) if named else {},
    )
