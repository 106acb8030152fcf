"""Whether the audit log is as it was sealed, and whether a head kept elsewhere is still in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.errors import OperatorFault
from app.core.progress import report_progress
from app.domain.audit import ClientAudit, SealOverLog
from app.services.context import OPERATOR, Service
from app.services.operations import state_checks
from app.services.operations.sealing import digest_rows, seal_text
from app.store import commits, record_digests
from app.store.commits import AuditLogRow

AT_ONCE = 200
_SHOWN = 32
_HEAD = re.compile(r"\A\s*(?:pars-head\s+)?(\d{1,18})\s+(\S+)\s+([0-9a-fA-F][0-9a-fA-F\s-]*)\Z")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The last seal of the audit log, short enough to be written down."""

    number: int
    at: datetime
    digest: str
    """The first 128 bits of the seal, in hex. A seal is made over the one before it, so it stands for the whole log."""

    def __str__(self) -> str:
        groups = " ".join(self.digest[place : place + 4] for place in range(0, len(self.digest), 4))
        return f"pars-head {self.number} {self.at:%Y-%m-%dT%H:%M:%SZ} {groups}"


def read_head(text: str) -> Head:
    """Read a head as `pars seal print` wrote it; case, blanks and hyphens in its digest do not matter.

    Raises `OperatorFault`.
    """
    match = _HEAD.match(text)
    digest = re.sub(r"[\s-]", "", match[3]).lower() if match else ""
    if match is None or len(digest) != _SHOWN:
        raise OperatorFault(
            "Not a head of the audit log. Give the whole line that `pars seal print` printed: pars-head, a number, a "
            "time, and 32 hexadecimal digits."
        )
    try:
        at = datetime.fromisoformat(match[2])
    except ValueError as error:
        raise OperatorFault("The time of the head is not one that `pars seal print` prints.") from error
    return Head(number=int(match[1]), at=at, digest=digest)


def head_of(connection: Connection) -> Head | None:
    """Return the head of the audit log, None before the first seal."""
    number, _ = commits.last_seal(connection)
    found = commits.seals(connection, number - 1, 1)
    return next((_head(seal) for seal in found), None)


def head_text(seal: SealOverLog) -> str:
    """Return the line by which a seal is kept elsewhere."""
    return str(_head(msgspec.structs.asdict(seal)))


def _head(seal: Mapping[str, Any]) -> Head:
    return Head(number=seal["number"], at=seal["at"].replace(microsecond=0), digest=seal["seal"][:_SHOWN])


def find_lost_head(connection: Connection, head: Head) -> str | None:
    """Return a sentence if a head is no longer in the chain of seals, None if it is."""
    standing = next((_head(seal) for seal in commits.seals(connection, head.number - 1, 1)), None)
    if standing is None or standing.number != head.number:
        number, _ = commits.last_seal(connection)
        return f"cut: the audit log ends at seal {number}; the head that was kept is seal {head.number}"
    if standing != head:
        return f"replaced: seal {head.number} is not the one of the head that was kept: the log was made anew before it"
    return None


def find_broken_seals(connection: Connection, service: Service) -> Iterator[str]:
    """Walk the hash chain of seals; yield what is wrong with the first that does not match its rows."""
    number, previous = 0, ""
    last, _ = commits.last_seal(connection)
    while seals := commits.seals(connection, number, AT_ONCE):
        report_progress("checking seals of the audit log", number, last, unit="seals")
        for seal in seals:
            number += 1
            if seal["number"] != number:
                yield f"broken: seal {number} is missing"
                return
            commit_ids = commits.commits_of_seal(connection, number)
            rows = commits.audit_rows(connection, commit_ids)
            if digest_rows(rows) != seal["digest"] or len(rows) != seal["audit_rows"]:
                yield f"broken: an audit row under seal {number} was altered, added or removed"
                return
            if not _is_ours(service, previous, seal):
                yield f"broken: seal {number} was not made with this installation's secret, or was altered"
                return
            yield from _broken_digests(connection, service, rows)
            previous = seal["seal"]
    waiting, _ = commits.find_unsealed(connection, AT_ONCE, AT_ONCE)
    yield from _broken_digests(connection, service, commits.audit_rows(connection, waiting))


def find_unknown_secret(connection: Connection, service: Service) -> str | None:
    """Return a sentence if this database was begun with a secret that is not known here, None if it is."""
    first = next(iter(commits.seals(connection, 0, 1)), None)
    if first is not None and _is_ours(service, "", first):
        return None
    if state_checks.stands(connection, service, ClientAudit.noun, OPERATOR.client_id):
        return None
    return (
        "broken: the secret that this database was begun with is not among those of PARS_SECRET_KEY, or not the one of "
        "the file secret-key in the data folder (PARS_DATA_DIR). Put it back, or add it at the end of the list, and "
        "check again: what is told below may be wrong for this alone"
    )


def _is_ours(service: Service, previous: str, seal: Mapping[str, Any]) -> bool:
    """Whether a seal is one that this installation made. Seals of earlier releases were not made over their time."""
    counts = (seal["number"], seal["commits"], seal["audit_rows"], seal["digest"])
    return service.keyring.verifies("seal", seal_text(previous, *counts, seal["at"]), seal["seal"]) or (
        service.keyring.verifies("seal", seal_text(previous, *counts), seal["seal"])
    )


def _broken_digests(connection: Connection, service: Service, rows: Sequence[AuditLogRow]) -> Iterator[str]:
    """Yield the commits whose digests of many subjects are not those that their audit rows speak of."""
    for row in rows:
        digest = row.fields.get("digests") if row.fields else None
        if digest is not None and not record_digests.verifies_rows(connection, service.keyring, row.commit_id, digest):
            yield f"broken: digests under commit {row.commit_id} were altered, added or removed"
