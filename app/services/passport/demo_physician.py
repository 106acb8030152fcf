"""The physician of the demo, whose account is confirmed: anybody enters with one click.

Nothing here asks whether it is a demo: who calls it has to know.
"""

from __future__ import annotations

from app.core.errors import NotFound
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.physicians import PhysicianSearch
from app.domain.passport.accounts import ConfirmedBy
from app.services.context import Work
from app.services.passport.joining import add_account, family_of
from app.services.people import sessions
from app.services.people.invitations import person_of_address
from app.services.people.sign_in import Signed
from app.store.passport import accounts
from app.store.registry import physicians

KEY = "physician"
SAYS = "a physician"
_FIRST, _LAST = "Vincent", "Van Gogh"
_ADDRESS = "physician@demo.example"
"""Where no mail goes."""


def enter(work: Work, browser: str) -> Signed:
    """Sign in as the physician of the slides, whose account is opened if missing; raises `NotFound` without them."""
    last, first = full_name_key(_FIRST, _LAST)
    found = physicians.search(work.connection, PhysicianSearch(first_name=first, last_name=last), None, 1)
    if not found:
        raise NotFound("The demo world has no physician.")
    person, _ = person_of_address(work, _ADDRESS, f"{_FIRST} {_LAST}")
    if not accounts.open_of(work.connection, family_of(work.connection, found[0])):
        add_account(work, person, found[0], ConfirmedBy.OPERATOR)
    token = sessions.begin(work, person.person_id, browser, confirmed=True)
    return Signed(token=token, person_id=person.person_id, next_path="/passport/credits")
