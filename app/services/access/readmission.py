"""Taking in again a physician who was erased: under the id that their credit still has, so that none is doubled."""

from __future__ import annotations

from msgspec.structs import replace

from app.core.errors import NotFound, OperatorFault
from app.domain.audit import PhysicianAudit
from app.domain.identity.erasure import npi_text, number_text
from app.domain.identity.physicians import FiledName, FiledNumber
from app.services.context import Work
from app.services.registry import filed_people
from app.services.registry.merging import lock_everything
from app.services.registry.physicians import refuse_taken
from app.services.registry.writing import ERASED_IDENTITY
from app.store.access import erasure as stored
from app.store.registry import physicians
from app.store.registry.generation import note_registry_change


def readmit(work: Work, physician_id: str, name: tuple[str, str], npi: str | None, license: str | None) -> str:
    """Put a physician who was erased on file again, with a name and one of the numbers that they had; return the id.

    A report of the same credit then joins what stands, and an import adds what else is known. Raises `NotFound`,
    `OperatorFault` where neither number is one that they had, and `Conflict` where it is somebody else's by now.
    """
    lock_everything(work)
    if stored.erased_at(work.connection, physician_id) is None:
        raise NotFound("Nobody was erased who had this id.")
    first_name, last_name = (part.strip() for part in name)
    if not (first_name and last_name):
        raise OperatorFault("A physician has a first and a last name.")
    held = _license_of(license) if license is not None else None
    texts = [npi_text(npi)] if npi else []
    if held is not None:
        texts.append(number_text("license", held.board, held.short_key))
    if not texts or not all(_was_theirs(work, physician_id, text) for text in texts):
        raise OperatorFault(
            "Give an NPI or a licence that this physician had when they were erased: nothing else tells that they are "
            "the same person."
        )
    stored.forget_erasure(work.connection, [physician_id], work.now)
    [before] = physicians.load(work.connection, [physician_id]).values()
    after = replace(
        before,
        shown=FiledName(first_name=first_name, last_name=last_name),
        npi=npi,
        licenses=(held,) if held is not None else (),
    )
    refuse_taken(work, before, after)
    parts = filed_people.store(work, before, after)
    work.audit("readmit", physician_id, PhysicianAudit(changed=parts))
    note_registry_change(work.connection)
    return physician_id


def _license_of(given: str) -> FiledNumber:
    board, _, number = given.partition(":")
    if not (board and number):
        raise OperatorFault("A licence is given as BOARD:NUMBER, such as TN-M:444444.")
    return FiledNumber(board=board.strip().upper(), number=number.strip())


def _was_theirs(work: Work, physician_id: str, text: str) -> bool:
    remembered = stored.remembered(work.connection)
    digests = work.service.keyring.keyed_digests(ERASED_IDENTITY, text)
    return any(remembered.get(digest) == physician_id for digest in digests)
