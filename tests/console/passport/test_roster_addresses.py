"""A mail address that a board has on file confirms the account of its physician, and of nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.identity.merges import Overruled, Split
from app.domain.identity.physicians import FiledName
from app.services.access import erasure
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, operator, transact
from app.services.passport import accounts
from app.services.registry import merging, splitting
from app.store.sql import statements
from tests.builders.people import physicians_on_file
from tests.builders.sent_files import lines
from tests.console.passport.test_joining import WILLA, ask, join, link_in
from tests.harness.access.people import mails
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import Window
from tests.harness.uploads import rows_of, upload, work_through, worked

OpenWindow = Callable[[], Window]
OWN = {"first_name": "Willa", "last_name": "Duncan", "date_of_birth": "05/25", "board_id": "70279062"}
"""Her row in the roster of California."""
OTHER = {"first_name": "Cosima", "last_name": "Fenn", "date_of_birth": "07/08", "board_id": "G5550001"}
ADDRESS = WILLA["/address"]


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    """The board that has licensed Willa."""
    return api_of(http, service, "CA", role="board", board="CA-M")


def roster(board: Api, service: Service, *rows: dict[str, Any], **fields: Any) -> Any:
    """Send a roster, and let the worker come by after it."""
    batch = worked(board, service, lines(rows), "roster", permission_attested=None, name="r.ndjson", **fields)
    assert batch["status"] == "completed", batch
    accounts.confirm_by_rosters(service)
    return batch


def confirmed_by(service: Service) -> list[Any]:
    """Return what has confirmed the accounts, the oldest first."""
    sql = "SELECT confirmed_by FROM passport_accounts ORDER BY client_id"
    return service.database.read(lambda connection: statements.fetch_column(connection, sql))


def kept(service: Service) -> list[Any]:
    sql = "SELECT learner_id, board, digest, proof FROM roster_addresses"
    return service.database.read(lambda connection: statements.fetch(connection, sql))


def willa(service: Service) -> str:
    """Return the id of the physician."""
    (found,) = [id for id, one in physicians_on_file(service).items() if ("duncan", "willa") in one.names]
    return found


def test_an_account_opened_from_the_address_of_the_roster_is_confirmed_as_it_is_opened(
    window: Window, board: Api, service: Service
) -> None:
    roster(board, service, OWN | {"email": " WILLA@Physicians.Example "})
    join(window, service)
    assert window.heading == "My credits"
    assert confirmed_by(service) == ["roster"]
    told = mails(service)[-1]
    assert (told.to, told.subject) == (ADDRESS, "Your CME Passport account was confirmed")
    assert not any("willa" in str(value).lower() for row in kept(service) for value in row)
    settle(service)


def test_an_account_that_was_there_before_is_confirmed_when_the_roster_comes_and_told_once(
    window: Window, board: Api, service: Service
) -> None:
    join(window, service)
    assert window.heading == "Settings"
    before = len(mails(service))
    roster(board, service, OWN | {"email": ADDRESS})
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == ["roster"]
    assert [mail.subject for mail in mails(service)[before:]] == ["Your CME Passport account was confirmed"]
    assert window.open("/passport/credits").heading == "My credits"
    settle(service)


@pytest.mark.parametrize("given", [{}, {"email": "other@physicians.example"}, {"email": ""}])
def test_another_address_or_none_confirms_nothing(
    window: Window, board: Api, service: Service, given: dict[str, str]
) -> None:
    roster(board, service, OWN | given)
    join(window, service)
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == [None]


def test_the_address_of_another_physician_does_nothing(window: Window, board: Api, service: Service) -> None:
    roster(board, service, OTHER | {"email": ADDRESS})
    join(window, service)
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == [None]
    settle(service)


@pytest.mark.parametrize("own_first", [True, False])
def test_an_address_that_several_physicians_have_confirms_nobody(
    window: Window, board: Api, service: Service, own_first: bool
) -> None:
    """Whoever reads the mail of a practice is not known to be the one rather than the other."""
    rows = [OWN | {"email": ADDRESS}, OTHER | {"email": ADDRESS}]
    join(window, service)
    roster(board, service, *(rows if own_first else reversed(rows)))
    assert confirmed_by(service) == [None]
    # Who has an address of their own after all is confirmed.
    roster(board, service, OTHER | {"email": "fenn@physicians.example"})
    assert confirmed_by(service) == ["roster"]
    settle(service)


def test_while_a_roster_is_taken_in_its_addresses_wait_for_the_rows_to_come(
    window: Window, board: Api, service: Service
) -> None:
    join(window, service)
    rows = [OWN | {"email": ADDRESS}, OTHER | {"email": ADDRESS}]
    assert upload(board, lines(rows), "roster", permission_attested=None, name="r.ndjson").status == 202
    while read_one(service):
        pass
    assert apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=1))
    assert len(kept(service)) == 1, "hers alone, so far"
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == [None]
    work_through(service)
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == [None]


def test_what_becomes_of_the_address_later_unconfirms_nothing(window: Window, board: Api, service: Service) -> None:
    roster(board, service, OWN | {"email": ADDRESS})
    join(window, service)
    roster(board, service, OWN | {"email": "new@physicians.example"})
    roster(board, service, OTHER | {"email": ADDRESS})
    assert confirmed_by(service) == ["roster"]
    assert window.open("/passport/credits").heading == "My credits"
    settle(service)


def test_a_row_without_an_address_leaves_the_one_on_file_and_the_board_is_told_what_it_changed(
    board: Api, service: Service
) -> None:
    given = [OWN | {"email": ADDRESS}, OWN | {"email": ADDRESS}, OWN, OWN | {"email": "new@physicians.example"}]
    seen = [[row["outcome"] for row in rows_of(board, roster(board, service, row))] for row in given]
    assert [outcomes[0] for outcomes in seen][1:] == ["unchanged", "unchanged", "updated"]
    assert len(kept(service)) == 1
    settle(service)


def test_what_is_no_address_is_refused_with_its_place_and_a_dry_run_keeps_none(board: Api, service: Service) -> None:
    batch = roster(board, service, OWN | {"email": "willa at home"})
    (row,) = rows_of(board, batch)
    assert row["outcome"] == "rejected"
    assert [finding["rule"] for finding in row["findings"]] == ["roster-email"]
    assert [finding["pointer"] for finding in row["findings"]] == ["/email"]
    roster(board, service, OWN | {"email": ADDRESS}, dry_run="true")
    assert kept(service) == []
    settle(service)


def test_an_erased_physicians_address_is_forgotten(board: Api, service: Service) -> None:
    roster(board, service, OWN | {"email": ADDRESS})
    assert kept(service)
    erasure.erase(service, willa(service))
    assert kept(service) == []
    settle(service)


def test_whoever_writes_rows_and_has_not_the_key_confirms_nobody(window: Window, board: Api, service: Service) -> None:
    roster(board, service, OTHER | {"email": ADDRESS})
    planted = {"id": willa(service)}
    move = "UPDATE roster_addresses SET learner_id = :id"
    service.database.write(lambda connection: statements.execute(connection, move, planted))
    join(window, service)
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == [None]


def test_two_who_have_one_address_and_are_found_to_be_one_person_are_confirmed(
    window: Window, board: Api, service: Service
) -> None:
    join(window, service)
    roster(board, service, OWN | {"email": ADDRESS}, OTHER | {"email": ADDRESS})
    assert confirmed_by(service) == [None]
    (other,) = [id for id, one in physicians_on_file(service).items() if ("fenn", "cosima") in one.names]
    transact(operator(service), merging.merge, other, willa(service), overrule=list(Overruled))
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == ["roster"]
    settle(service)


def test_addresses_given_of_one_who_was_two_people_confirm_nobody_until_a_roster_gives_them_again(
    window: Window, board: Api, service: Service
) -> None:
    """Nobody knows which of the two reads the mailbox: the account that the split left unconfirmed stays so."""
    roster(board, service, OWN | {"email": ADDRESS})
    join(window, service)
    assert confirmed_by(service) == ["roster"]
    leaves = Split(shown=FiledName(first_name="Willa", last_name="Other"))
    transact(operator(service), splitting.split, willa(service), leaves)
    accounts.confirm_by_rosters(service)
    assert (confirmed_by(service), kept(service)) == ([None], [])
    # Its row is the same as before; the address is new again.
    roster(board, service, OWN | {"email": ADDRESS})
    assert confirmed_by(service) == ["roster"]
    settle(service)


def test_undoing_a_merge_forgets_the_addresses_that_were_given_while_two_were_one(
    window: Window, board: Api, service: Service, clock: ManualClock
) -> None:
    roster(board, service, OTHER | {"email": "fenn@physicians.example"})
    (other,) = [id for id, one in physicians_on_file(service).items() if ("fenn", "cosima") in one.names]
    clock.now += timedelta(days=1)
    transact(operator(service), merging.merge, other, willa(service), overrule=list(Overruled))
    clock.now += timedelta(days=1)
    roster(board, service, OWN | {"email": ADDRESS})
    join(window, service)
    assert confirmed_by(service) == ["roster"]
    transact(operator(service), merging.unmerge, other)
    accounts.confirm_by_rosters(service)
    assert confirmed_by(service) == [None]
    assert [learner_id for learner_id, *_ in kept(service)] == [other], "what was given before is known of one alone"
    settle(service)


def test_a_closed_account_is_confirmed_by_no_roster_and_neither_is_who_never_pressed_the_button(
    window: Window, board: Api, service: Service, clock: ManualClock
) -> None:
    ask(window)
    roster(board, service, OWN | {"email": ADDRESS})
    assert confirmed_by(service) == []
    clock.now += timedelta(minutes=1)
    link = link_in(service)
    assert link is not None
    roster(board, service, OWN | {"email": "new@physicians.example"})
    window.open(link).submit(link)
    window.open("/passport/settings/close").submit("/passport/settings/close")
    roster(board, service, OWN | {"email": ADDRESS})
    assert confirmed_by(service) == [None]
    settle(service)
