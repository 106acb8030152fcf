"""Who is to be erased: everybody they were merged from, and what is found of them under all ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.domain.held import report_of_document
from app.domain.identity.erasure import PersonMarks
from app.domain.identity.physicians import Physician
from app.store import completions
from app.store.access import erasure as stored
from app.store.registry import merges, physicians


class PersonToErase(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to be erased: everybody they were merged from, and all that is found under their ids."""

    root: Physician
    ids: frozenset[str]
    """Of the physician and of all aliases."""
    known: PersonMarks
    completion_ids: frozenset[str]
    """Those that are theirs now, withdrawn ones too."""
    learner_ids: frozenset[str]
    """The ids by which providers name them."""
    held_ids: frozenset[str]
    providers: tuple[str, ...]
    credits: int

    @property
    def record_ids(self) -> frozenset[str]:
        """Ids by which kept answers and rows of files are known to be about them."""
        return self.ids | self.completion_ids | self.held_ids


def load_person(connection: Connection, physician_id: str, since: datetime | None = None) -> PersonToErase:
    """Return all that is found of a physician; of held records those since a moment, or all."""
    [root] = physicians.load(connection, [physician_id]).values()
    ids = frozenset((physician_id, *root.aliases))
    # An alias has nothing on file; what they had stands with their merge.
    people = list(physicians.load(connection, ids).values())
    own = stored.completion_ids(connection, ids)
    reported = completions.load_by_ids(connection, own)
    known = PersonMarks.of(people, reported)
    held = frozenset(_held_of(connection, known, frozenset(own), since))
    links = {link for id in ids for link in merges.links_of(connection, id).values()}
    return PersonToErase(
        root=root,
        ids=ids,
        known=known,
        completion_ids=frozenset(own),
        learner_ids=frozenset(links),
        held_ids=held,
        providers=tuple(sorted({one.provider_id for one in reported})),
        credits=sum(credit.holds for one in reported for credit in one.credits),
    )


def _held_of(
    connection: Connection, known: PersonMarks, completion_ids: Collection[str], since: datetime | None
) -> Iterator[str]:
    after = ""
    while rows := stored.held_after(connection, after, since):
        for held_id, document, completion_id in rows:
            after = held_id
            if completion_id in completion_ids or known.is_in(report_of_document(document)):
                yield held_id
