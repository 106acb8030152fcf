"""How many birth dates boards may try on one physician: a roster must not be a way to find out a birthday.

A row tells whether its birth date is the one on file: it is accepted, or contradicts. Who could try 366 dates would
know it. Of the dates that differ only the first `MOST_DIFFERENT` are answered for one physician within `WITHIN`, over
all boards; from then on a row with a date contradicts, whether the date is right or not, unless the same board gave
that very date before and it agreed. Together with the five dates of all other doors that is less than 2 % of 366.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

from app.core.logging import log
from app.domain.parsing import MonthDay
from app.services.context import Work
from app.store.registry import rosters
from app.store.registry.imports import Entry
from app.store.registry.rosters import GivenDate

MOST_DIFFERENT = 2
WITHIN = timedelta(days=30)


class DatesGiven:
    """The birth dates that boards gave for some physicians, and those that rows add."""

    def __init__(self, work: Work, board: str, physician_ids: Collection[str]) -> None:
        self._work = work
        self._board = board
        self._on_file = frozenset(physician_ids)
        self._agreed: set[tuple[str, str]] = set()
        self._different: defaultdict[str, set[str]] = defaultdict(set)
        self._new: dict[tuple[str, str], GivenDate] = {}
        self.locked: set[str] = set()
        """The physicians of whom no further date is answered from these rows on."""
        for given in rosters.given_dates(work.connection, physician_ids, work.now - WITHIN):
            if not given.agreed:
                self._different[given.physician_id].add(given.digest)
            elif given.board == board:
                self._agreed.add((given.physician_id, given.digest))

    @property
    def new(self) -> list[GivenDate]:
        """The dates to keep."""
        return list(self._new.values())

    @property
    def tries(self) -> list[GivenDate]:
        """Those to keep of rows that take no effect: dates that differ from those of physicians on file before."""
        return [given for given in self._new.values() if not given.agreed and given.physician_id in self._on_file]

    def may_be_compared(self, entry: Entry, birth_date: MonthDay) -> bool:
        """Whether a row may be answered by whether its date is the one on file; a date that differs is counted."""
        if entry.birth_date is None:
            return True
        digests = self._digests(entry.physician_id, birth_date)
        if any((entry.physician_id, digest) in self._agreed for digest in digests):
            return True
        different = self._different[entry.physician_id]
        if not different.isdisjoint(digests):
            # Given before, and told to differ: it is told again.
            return True
        if len(different) >= MOST_DIFFERENT:
            return False
        if entry.birth_date != str(birth_date):
            different.add(digests[0])
            self._keep(entry.physician_id, digests[0], agreed=False)
            if len(different) == MOST_DIFFERENT:
                self.locked.add(entry.physician_id)
        return True

    def agree(self, entry: Entry, birth_date: MonthDay | None) -> None:
        """Note that a row's date is the one on file, so that the board may send the row again."""
        if birth_date is None or entry.birth_date != str(birth_date):
            return
        digests = self._digests(entry.physician_id, birth_date)
        if not any((entry.physician_id, digest) in self._agreed for digest in digests):
            self._agreed.add((entry.physician_id, digests[0]))
            self._keep(entry.physician_id, digests[0], agreed=True)

    def _keep(self, physician_id: str, digest: str, *, agreed: bool) -> None:
        given = GivenDate(physician_id=physician_id, board=self._board, digest=digest, agreed=agreed)
        self._new[physician_id, digest] = given

    def _digests(self, physician_id: str, birth_date: MonthDay) -> list[str]:
        return self._work.service.keyring.keyed_digests("roster-date", f"{physician_id} {birth_date}")


def keep(work: Work, given: DatesGiven, *, only_tries: bool = False) -> None:
    """Keep the dates that rows gave; what is locked from now on is told to the operator's log."""
    rosters.keep_dates(work.connection, given.tries if only_tries else given.new, work.now)
    for physician_id in sorted(given.locked):
        log.warning("birth dates of a physician are no longer compared in rosters", physician_id=physician_id)
