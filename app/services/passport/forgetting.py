"""Forgetting who asked for an account and got none, codes that nobody used in time, and receivers of old shares."""

from __future__ import annotations

from datetime import timedelta

from app.domain.passport.accounts import CODE_LIFE
from app.services.access.departures import forget_person
from app.services.context import Service, Work, operator, transact
from app.services.passport import shares
from app.store.passport import accounts
from app.store.people import persons

_KEPT = timedelta(days=1)
"""How long a link that no longer works says so."""
_AT_ONCE = 50


def forget(service: Service) -> None:
    """Delete claims and codes that have ended, forget whom shares were for, then whoever is left with nothing."""
    before = service.clock() - _KEPT
    service.database.write(lambda connection: accounts.delete_claims(connection, before))
    # What was tried with a code counts for other codes of the physician as long as a code works.
    service.database.write(lambda connection: accounts.delete_codes(connection, before - CODE_LIFE))
    shares.forget_receivers(service)
    while transact(operator(service), _forget_strangers):
        pass


def _forget_strangers(work: Work) -> bool:
    """Forget the next people who are members of nothing; return whether there may be more."""
    found = accounts.strangers(work.connection, work.now - _KEPT, _AT_ONCE)
    for person_id in found:
        persons.lock(work.connection, person_id)
    # Looked at again, locked: somebody may be invited by now.
    left = set(accounts.strangers(work.connection, work.now - _KEPT, _AT_ONCE))
    for person_id in found:
        if person_id in left:
            forget_person(work, person_id)
    return len(found) == _AT_ONCE
