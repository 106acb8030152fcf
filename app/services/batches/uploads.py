"""Uploads: files stored in the database, piece by piece as they arrive, before they become batches.

An upload that never becomes a batch, because the sender went away or the form was refused, is removed a day later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import UploadQuotaExceeded
from app.core.logging import error_fields, log
from app.domain.batches import BatchOwner
from app.services.context import Service
from app.store import uploads

KEPT = timedelta(days=1)
AT_ONCE = 20
"""Abandoned uploads removed in one transaction."""


class IncomingUpload:
    """A file that is arriving: its pieces are stored as they come, as long as they fit in their owner's quota."""

    def __init__(self, service: Service, owner: BatchOwner) -> None:
        self.upload_id = new_id()
        self._service = service
        self._owner = owner
        self._quota = service.settings.upload_quota or None
        self._pieces = 0
        self._fits = True

    async def store(self, content: bytes) -> None:
        """Store the next piece, durable when this returns; once the quota is exceeded, nothing more is stored."""
        if not self._fits:
            return
        number = self._pieces
        self._pieces += 1

        def write(connection: Connection) -> bool:
            if number == 0:
                uploads.begin(connection, self.upload_id, self._owner, self._service.clock())
            return uploads.add_piece(connection, self.upload_id, self._owner, number, content, self._quota)

        self._fits = await self._service.database.write_async(write)
        if not self._fits:
            # The space is given back. The rest of the body is read and ignored, so that its sender reads the answer.
            await self.drop()

    def require_fit(self) -> None:
        """Raise `UploadQuotaExceeded` unless the whole file was stored; called once it is known not to be a repeat."""
        if not self._fits:
            owner = "provider" if self._owner.board is None else "board"
            raise UploadQuotaExceeded(
                f"Uploads of this {owner} may take {self._quota:,} bytes in all, and this one does not fit in what is "
                f"left. Nothing was kept of it. For more room ask {self._service.settings.support_contact}."
            )

    async def drop(self) -> None:
        """Remove what was stored, unless it became a batch; if that fails, it is removed a day later."""
        if self._pieces:
            try:
                await self._service.database.write_async(lambda connection: uploads.drop(connection, [self.upload_id]))
            except Exception as error:
                log.warning("an upload was not removed", upload_id=self.upload_id, **error_fields(error))


def store_upload(service: Service, owner: BatchOwner, pieces: Iterable[bytes], size: int, digest: str) -> str:
    """Store a local file, for the command line, whatever the quota; return the upload's id."""
    upload_id = new_id()

    def store(number: int, piece: bytes) -> None:
        service.database.write(lambda connection: uploads.add_piece(connection, upload_id, owner, number, piece, None))

    service.database.write(lambda connection: uploads.begin(connection, upload_id, owner, service.clock()))
    for number, piece in enumerate(pieces):
        store(number, piece)
    service.database.write(lambda connection: uploads.finish(connection, upload_id, size, digest))
    return upload_id


def read_upload(service: Service, upload_id: str) -> Iterator[bytes]:
    """Yield the bytes of an upload piece by piece; no transaction stays open between them."""

    def read(number: int) -> bytes | None:
        return service.database.read(lambda connection: uploads.piece(connection, upload_id, number))

    number = 0
    while (piece := read(number)) is not None:
        yield piece
        number += 1


def remove_abandoned(service: Service) -> int:
    """Remove the next uploads that never became a batch; return how many."""
    before = service.clock() - KEPT

    def remove(connection: Connection) -> int:
        abandoned = uploads.find_abandoned(connection, before, AT_ONCE)
        uploads.drop(connection, abandoned)
        return len(abandoned)

    return service.database.write(remove)
