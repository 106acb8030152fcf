"""The index of listed activities in this process: loaded from the database, then kept up with it.

What was changed is found by its instant. Transactions end in another order than they begin in, and clocks differ, so
each look goes back by `OVERLAP` and passes over the versions that are known; and now and then all versions are added
up and compared with what is stored, which finds whatever was missed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.core.logging import log
from app.domain.catalogue import Catalogue
from app.domain.passport.activity_index import ActivityIndex
from app.domain.passport.listing import is_listed
from app.domain.passport.search import PublicActivity
from app.services.context import Service
from app.store.passport import listed_activities as store
from app.store.passport.listed_activities import ListingProvider

REFRESH_SECONDS = 1.0
"""How long a state of the index is shown before what has changed is looked for."""
OVERLAP = timedelta(minutes=2)
COMPARE_SECONDS = 60.0
WAIT_SECONDS = 10.0
"""How long a request waits for an index that is being loaded."""
_PIECE = 500
"""Activities that are read at once while the index is loaded."""
_AT_ONCE = 25
"""Changed activities that are added while searches wait."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class LiveIndex:
    """The index, and how far it has come. One step is taken at a time, searches run between."""

    def __init__(self, catalogue: Catalogue, seconds: Callable[[], float] = time.monotonic) -> None:
        self.refresh_seconds = REFRESH_SECONDS
        self._catalogue = catalogue
        self._seconds = seconds
        self._index: ActivityIndex | None = None
        self._loading: _Loading | None = None
        self._use = threading.Lock()
        """Held by who searches the index or changes it."""
        self._step = threading.Lock()
        """Held by who brings it up to date."""
        self._providers: dict[str, ListingProvider] = {}
        self._left_out: dict[str, int] = {}
        """Versions of activities that may be listed, and lack something."""
        self._seen = _LONG_AGO
        """When changes were last read."""
        self._refreshed = self._compared = -float("inf")
        self._begun_at: datetime | None = None
        self._followed = False

    def follow(self, service: Service) -> bool:
        """Take the next step to be up to date, in a read of its own; return whether there is more to load.

        A loop calls this. From then on requests do not load the index themselves.
        """
        self._followed = True
        with self._step:
            return service.database.read(lambda connection: self._take_step(connection, service.clock()))

    async def prepare(self, service: Service) -> None:
        """Bring the index up to date unless it is, or a loop does. Raises `Unavailable` while it is being loaded."""
        if self._seconds() - self._refreshed < self.refresh_seconds:
            return
        if not self._followed:
            await service.database.read_async(lambda connection: self._bring_up(connection, service.clock()))
        until = self._seconds() + WAIT_SECONDS
        while self._index is None:
            if self._seconds() > until:
                raise Unavailable(
                    "The list of activities is being loaded, as it is once after a start.",
                    headers={"Retry-After": "5", "Cache-Control": "no-store"},
                )
            await asyncio.sleep(0.05)

    @contextmanager
    def use(self) -> Iterator[tuple[ActivityIndex, datetime]]:
        """Use the index for a search; gives it with the instant of which it is."""
        with self._use:
            if self._index is None or self._begun_at is None:
                raise Unavailable(headers={"Retry-After": "1"})
            yield self._index, self._begun_at

    def _bring_up(self, connection: Connection, now: datetime) -> None:
        # Who finds another at it is shown what there is; before there is anything, all wait.
        if self._step.acquire(blocking=self._index is None):
            try:
                while self._take_step(connection, now):
                    pass
            finally:
                self._step.release()

    def _take_step(self, connection: Connection, now: datetime) -> bool:
        begun = self._seconds()
        if self._index is None and self._loading is None:
            self._loading = _Loading(self._catalogue, store.providers(connection), now)
        if self._loading is not None and not self._loading.read_piece(connection):
            self._take_over(self._loading)
        if self._index is not None:
            self._refresh(connection, begun, now)
            self._refreshed, self._begun_at = begun, now
        return self._loading is not None

    def _take_over(self, loaded: _Loading) -> None:
        loaded.index.order()
        with self._use:
            self._index = loaded.index
        self._left_out, self._providers = loaded.left_out, loaded.providers
        # What was changed while it was loaded is read again.
        self._seen = loaded.begun_at
        self._loading = None
        self._compared = self._seconds()

    def _refresh(self, connection: Connection, begun: float, now: datetime) -> None:
        assert self._index is not None
        index = self._index
        changes = store.changed_since(connection, self._seen - OVERLAP)
        gone = [change.activity_id for change in changes if not change.may_be_listed]
        changed = [
            change.activity_id
            for change in changes
            if change.may_be_listed and self._version_of(change.activity_id) != change.version
        ]
        providers = store.providers(connection)
        if providers != self._providers:
            renamed = [id for id, provider in providers.items() if self._providers.get(id) != provider]
            changed += store.of_providers(connection, renamed)
        self._apply(gone, store.load(connection, changed), changed)
        # Noted when all is done: after a failure on the way, the next look finds the same again.
        self._providers = providers
        # By this clock, not by the newest change: one row from a clock that is ahead would hide all that follow.
        self._seen = now
        if begun - self._compared >= COMPARE_SECONDS:
            self._compared = begun
            known = len(index) + len(self._left_out), index.sum_of_versions + sum(self._left_out.values())
            if known != store.count(connection):
                log.warning("the list of activities has missed a change, and is loaded again", activities=len(index))
                self._loading = self._loading or _Loading(self._catalogue, providers, now)
        if index.has_waste and self._loading is None:
            self._loading = _Loading(self._catalogue, providers, now)

    def _version_of(self, activity_id: str) -> int | None:
        assert self._index is not None
        known = self._index.version_of(activity_id)
        return known if known is not None else self._left_out.get(activity_id)

    def _apply(self, gone: Iterable[str], loaded: dict[str, PublicActivity], changed: Collection[str]) -> None:
        """Change the index, a few activities at a time: searches wait for no more."""
        assert self._index is not None
        index = self._index
        absent = [*gone, *(activity_id for activity_id in changed if activity_id not in loaded)]
        with self._use:
            for activity_id in absent:
                index.remove(activity_id)
                self._left_out.pop(activity_id, None)
        ordered = [loaded[activity_id] for activity_id in dict.fromkeys(changed) if activity_id in loaded]
        for first in range(0, len(ordered), _AT_ONCE):
            with self._use:
                for listed in ordered[first : first + _AT_ONCE]:
                    _put(index, self._left_out, listed)
                index.order()


class _Loading:
    """An index that is being loaded, beside the one that is used if there is one."""

    def __init__(self, catalogue: Catalogue, providers: dict[str, ListingProvider], begun_at: datetime) -> None:
        self.index = ActivityIndex(catalogue)
        self.left_out: dict[str, int] = {}
        self.providers = providers
        self.begun_at = begun_at
        self._last = ""

    def read_piece(self, connection: Connection) -> bool:
        """Add the next activities; return whether there are more."""
        piece = store.page_after(connection, self._last, _PIECE)
        for listed in piece:
            _put(self.index, self.left_out, listed)
        if piece:
            self._last = piece[-1].activity.activity_id
        return len(piece) == _PIECE


def _put(index: ActivityIndex, left_out: dict[str, int], listed: PublicActivity) -> None:
    activity_id = listed.activity.activity_id
    if is_listed(listed.activity):
        left_out.pop(activity_id, None)
        index.put(listed)
    else:
        index.remove(activity_id)
        left_out[activity_id] = listed.version
