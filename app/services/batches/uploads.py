"""Uploads: a file that arrives is kept in the database, piece by piece, before it is a batch.

What never becomes a batch is forgotten a day later: the sender went away, or the form was refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import UploadQuotaExceeded
from app.core.logging import error_fields, log
from app.services.context import Service
from app.store import uploads

KEPT = timedelta(days=1)
AT_ONCE = 20
"""Abandoned files forgotten in one transaction."""


class Arriving:
    """A file that is arriving: its pieces are kept as they come, as long as there is room for them."""

    def __init__(self, service: Service, provider_id: str) -> None:
        self.upload_id = new_id()
        self._service = service
        self._provider_id = provider_id
        self._most = service.settings.upload_quota or None
        self._pieces = 0
        self._fits = True

    async def keep(self, content: bytes) -> None:
        """Keep the next piece; when this returns, it is durable, or there is no room and nothing more is kept."""
        if not self._fits:
            return
        number = self._pieces
        self._pieces += 1

        def write(connection: Connection) -> bool:
            if number == 0:
                uploads.begin(connection, self.upload_id, self._provider_id, self._service.clock())
            return uploads.add_piece(connection, self.upload_id, self._provider_id, number, content, self._most)

        self._fits = await self._service.database.write_async(write)
        if not self._fits:
            # Others may need what this one took; the rest of it passes by, so that its sender reads the answer.
            await self.drop()

    def must_fit(self) -> None:
        """Raise `UploadQuotaExceeded` when there was no room for all of it: not before it is known to be new."""
        if not self._fits:
            raise UploadQuotaExceeded(
                f"Uploads of this provider may take {self._most:,} bytes in all, and this one does not fit in what is "
                f"left. Nothing was kept of it. For more room ask {self._service.settings.support_contact}."
            )

    async def drop(self) -> None:
        """Forget what has arrived, unless a batch was made of it; if that fails, it is forgotten a day later."""
        if self._pieces:
            try:
                await self._service.database.write_async(lambda connection: uploads.drop(connection, [self.upload_id]))
            except Exception as error:
                log.warning("an upload was not forgotten", upload_id=self.upload_id, **error_fields(error))


def keep_whole(service: Service, provider_id: str, pieces: Iterable[bytes], size: int, digest: str) -> str:
    """Keep a file that lies here already, for the command line, whatever room there is; return its id."""
    upload_id = new_id()

    def keep(number: int, piece: bytes) -> None:
        service.database.write(
            lambda connection: uploads.add_piece(connection, upload_id, provider_id, number, piece, None)
        )

    service.database.write(lambda connection: uploads.begin(connection, upload_id, provider_id, service.clock()))
    for number, piece in enumerate(pieces):
        keep(number, piece)
    service.database.write(lambda connection: uploads.finish(connection, upload_id, size, digest))
    return upload_id


def content(service: Service, upload_id: str) -> Iterator[bytes]:
    """Yield a file piece by piece, no transaction held open between them."""

    def read(number: int) -> bytes | None:
        return service.database.read(lambda connection: uploads.piece(connection, upload_id, number))

    number = 0
    while (piece := read(number)) is not None:
        yield piece
        number += 1


def forget_abandoned(service: Service) -> int:
    """Forget files that never became a batch, some at a time; return how many."""
    before = service.clock() - KEPT

    def forget(connection: Connection) -> int:
        found = uploads.find_abandoned(connection, before, AT_ONCE)
        uploads.drop(connection, found)
        return len(found)

    return service.database.write(forget)
