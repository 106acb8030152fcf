"""Mail addresses of physicians that boards give in rosters: compared with those of accounts, never written to.

What is kept is a keyed digest, by which whoever else has the address is found, and a proof of whose it is: who can
write rows, and has not the key, makes nobody somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.domain.people.persons import fold_address
from app.services.context import Service, Work
from app.store.registry import physicians, roster_addresses
from app.store.registry.roster_addresses import RosterAddress

_DIGEST, _PROOF = "roster-address", "roster-address-proof"


class AddressesGiven:
    """The addresses that rows of a board's roster give."""

    def __init__(self, work: Work, board: str) -> None:
        self._work = work
        self._board = board
        self._given: dict[str, str] = {}

    def keep(self, physician_id: str, address: str | None) -> None:
        """Note the address of a row; none says nothing of one that was given before."""
        if address is not None:
            self._given[physician_id] = fold_address(address)

    def save(self) -> frozenset[str]:
        """Store what is new; return whose address is another one now."""
        keyring = self._work.service.keyring
        before = roster_addresses.of_board(self._work.connection, self._board, self._given)
        new = [
            RosterAddress(
                learner_id=id,
                board=self._board,
                digest=keyring.keyed_digest(_DIGEST, address),
                proof=keyring.keyed_digest(_PROOF, _proven(id, self._board, address)),
            )
            for id, address in self._given.items()
            if id not in before or not keyring.verifies(_PROOF, _proven(id, self._board, address), before[id].proof)
        ]
        roster_addresses.keep(self._work.connection, new, self._work.now)
        return frozenset(one.learner_id for one in new)


def _proven(physician_id: str, board: str, address: str) -> str:
    return f"{physician_id} {board} {address}"


def is_in_roster(work: Work, address: str, learner_id: str) -> bool:
    """Whether boards have a mail address on file of one physician, and it is this one."""
    holder = holders_of(work.connection, work.service, [address]).get(address)
    return holder is not None and physicians.roots_of(work.connection, [learner_id]).get(learner_id) == holder


def holders_of(connection: Connection, service: Service, addresses: Iterable[str]) -> dict[str, str]:
    """Return whose mail addresses some are, by the address as it was given: the physician, as they are known now.

    Left out are those that no board has on file, those of several physicians, such as a practice's office, and those
    of a board whose roster is being taken in: its next row may give the address for somebody else.
    """
    keyring = service.keyring
    digests = {address: keyring.keyed_digests(_DIGEST, fold_address(address)) for address in addresses}
    rows = roster_addresses.with_digests(connection, [digest for some in digests.values() for digest in some])
    roots = physicians.roots_of(connection, {row.learner_id for row in rows})
    at_work = roster_addresses.boards_at_work(connection) if rows else frozenset()
    found = {}
    for address, some in digests.items():
        held = [row for row in rows if row.digest in some and row.learner_id in roots]
        proven = any(
            keyring.verifies(_PROOF, _proven(row.learner_id, row.board, fold_address(address)), row.proof)
            for row in held
        )
        holders = {roots[row.learner_id] for row in held}
        if proven and len(holders) == 1 and at_work.isdisjoint(row.board for row in held):
            found[address] = holders.pop()
    return found
