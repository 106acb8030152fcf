"""The invariants checked on a live database: what `pars check` runs."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.services.context import Service
from app.services.operations.sealing import digest_rows, seal_text
from app.store import commits, invariants, schema

SEALS_AT_ONCE = 200


def find_faults(service: Service) -> list[str]:
    """Return a sentence for every invariant that is broken."""
    return service.database.read(lambda connection: list(_faults(connection, service)))


def _faults(connection: Connection, service: Service) -> Iterator[str]:
    if schema.current(connection) != schema.head():
        yield "the schema is not of this version; run `pars db upgrade`"
        return
    for invariant, ids in invariants.broken(connection).items():
        yield f"broken: {invariant}: {', '.join(ids)}"
    yield from _broken_seals(connection, service)


def _broken_seals(connection: Connection, service: Service) -> Iterator[str]:
    """Walk the hash chain of seals; yield what is wrong with the first that does not match its rows."""
    number, previous = 0, ""
    while seals := commits.seals(connection, number, SEALS_AT_ONCE):
        for seal in seals:
            number += 1
            if seal["number"] != number:
                yield f"broken: seal {number} is missing"
                return
            rows = commits.audit_rows(connection, commits.commits_of_seal(connection, number))
            digest = digest_rows(rows)
            if digest != seal["digest"] or len(rows) != seal["audit_rows"]:
                yield f"broken: an audit row under seal {number} was altered, added or removed"
                return
            text = seal_text(previous, number, seal["commits"], seal["audit_rows"], seal["digest"])
            if not service.keyring.verifies("seal", text, seal["seal"]):
                yield f"broken: seal {number} was not made with this installation's secret, or was altered"
                return
            previous = seal["seal"]
