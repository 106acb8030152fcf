"""NPIs that were deactivated: the day is noted, the physician stays, and so does the NPI.

An NPI is given to nobody else, so it goes on finding its holder: completions of earlier days are reported later.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec

from app.domain.audit import RegistryAudit
from app.services.context import Work
from app.store.registry import import_writes
from app.store.registry import imports as registry


class NpiEnd(msgspec.Struct, frozen=True, kw_only=True):
    """An NPI that was deactivated; nothing else is told of its holder."""

    npi: str
    ended_on: date


class NpiChange(enum.StrEnum):
    """What became of an NPI that a file says has ended."""

    ENDED = "ended"
    """Its holder is on file; the day is noted now."""
    KNOWN = "ended before"
    """It was noted before."""
    NOBODYS = "of nobody on file"
    """Nobody on file has it."""


def end_npis(work: Work, ends: Sequence[NpiEnd]) -> Counter[NpiChange]:
    """Note the last day of NPIs; an earlier day than the one on file changes nothing."""
    registry.lock_imports(work.connection)
    last: dict[str, date] = {}
    for end in ends:
        last[end.npi] = max(end.ended_on, last.get(end.npi, end.ended_on))
    holders = registry.holders_of_npis(work.connection, last)
    changed = [
        (physician_id, last[npi])
        for npi, (physician_id, ended_on) in holders.items()
        if ended_on is None or ended_on < last[npi]
    ]
    import_writes.end_npis(work.connection, changed, work.now)
    if changed:
        digests = work.protect("learner", [physician_id for physician_id, _ in changed])
        work.audit("import", work.commit_id, RegistryAudit(added=0, updated=len(changed), digests=digests))
    return +Counter(
        {
            NpiChange.ENDED: len(changed),
            NpiChange.KNOWN: len(holders) - len(changed),
            NpiChange.NOBODYS: len(last) - len(holders),
        }
    )
