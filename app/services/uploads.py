"""Uploads: a file that arrives is kept in the database, piece by piece, before it is a batch.

What never becomes a batch is forgotten a day later: the sender went away, or the form was refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.logging import log, where
from app.services.context import Service
from app.store import uploads

KEPT = timedelta(days=1)
AT_ONCE = 20
"""Abandoned files forgotten in one transaction."""


class Arriving:
    """A file that is arriving: its pieces are kept as they come."""

    def __init__(self, service: Service) -> None:
        self.upload_id = new_id()
        self._service = service
        self._pieces = 0

    async def keep(self, content: bytes) -> None:
        """Keep the next piece; when this returns, it is durable."""
        number = self._pieces
        self._pieces += 1

        def write(connection: Connection) -> None:
            if number == 0:
                uploads.begin(connection, self.upload_id, self._service.clock())
            uploads.add_piece(connection, self.upload_id, number, content)

        await self._service.database.write_async(write)

    async def drop(self) -> None:
        """Forget what has arrived, unless a batch was made of it; if that fails, it is forgotten a day later."""
        if self._pieces:
            try:
                await self._service.database.write_async(lambda connection: uploads.drop(connection, [self.upload_id]))
            except Exception as error:
                log.warning("an upload was not forgotten", upload_id=self.upload_id, **where(error))


def keep_whole(service: Service, pieces: Iterable[bytes], size: int, digest: str) -> str:
    """Keep a file that lies here already, for the command line; return its id."""
    upload_id = new_id()

    def keep(number: int, piece: bytes) -> None:
        service.database.write(lambda connection: uploads.add_piece(connection, upload_id, number, piece))

    service.database.write(lambda connection: uploads.begin(connection, upload_id, service.clock()))
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
        found = uploads.abandoned(connection, before, AT_ONCE)
        uploads.drop(connection, found)
        return len(found)

    return service.database.write(forget)
