"""When keys were last used: collected in memory, and written by a loop beside the requests.

What is promised: `last_used_at` is the beginning of the minute in which the key, or a token made with it, was last read
from the database, which happens at least once a second while it is used. It is written within a minute, and when a
process ends in order; a process that is killed forgets the last minute. No request waits for it.
"""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from app.services.context import Service
from app.store.access import keys

FLUSH_SECONDS = 60.0


class KeyUses:
    """The uses of one process that are not written yet."""

    def __init__(self) -> None:
        self._noted: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}
        self._lock = Lock()

    def note(self, digest: str, at: datetime) -> None:
        """Note a use of the key of a digest."""
        minute = at.replace(second=0, microsecond=0)
        if self._written.get(digest) != minute:
            self._noted[digest] = minute

    def flush(self, service: Service) -> bool:
        """Write what was noted; returns False, as there is no more. What could not be written is noted again."""
        with self._lock:
            uses, self._noted = self._noted, {}
            if not uses:
                return False
            try:
                service.database.write(lambda connection: keys.note_uses(connection, uses), background=True)
            except Exception:
                self._noted = uses | self._noted
                raise
            # Only those that are in use are remembered.
            self._written = uses
        return False
