"""One account a physician: of two that a merge brings together one stays, a split doubts whose one is; all are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.identity.merges import Split
from app.domain.identity.physicians import FiledName
from app.domain.passport.accounts import ConfirmedBy, PassportAccount
from app.services.context import Service, Work, operator, transact
from app.services.passport import accounts, one_account
from app.services.passport.joining import add_account
from app.services.people.invitations import person_of_address
from app.services.registry import splitting
from app.store.passport import accounts as stored_accounts
from tests.builders.merging import import_twice, merge, unmerge
from tests.console.passport.test_joining import SETTINGS, TINA, code_for, join, reported
from tests.console.passport.test_shares import opened, share
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window, sign_in
from tests.harness.inbox import stored

OpenWindow = Callable[[], Window]
CODE, OPERATOR, NO = ConfirmedBy.CODE, ConfirmedBy.OPERATOR, None


def open_for(service: Service, physician_id: str, address: str, by: ConfirmedBy | None) -> str:
    """Open an account of a physician; return its client."""

    def make(work: Work) -> str:
        person, _ = person_of_address(work, address, None)
        return add_account(work, person, physician_id, by).client_id

    return transact(operator(service), make)


def one(service: Service, client_id: str) -> PassportAccount:
    found = service.database.read(lambda connection: stored_accounts.by_client(connection, client_id))
    assert found is not None
    return found


def is_open(service: Service, *client_ids: str) -> list[bool]:
    """Tell of each account whether it is open; its membership is, if and only if the account is."""
    found = []
    for client_id in client_ids:
        [(revoked,)] = stored(service, f"SELECT revoked_at FROM clients WHERE client_id = '{client_id}'")
        assert (revoked is None) == (one(service, client_id).closed_at is None)
        found.append(revoked is None)
    return found


def told(service: Service, known: int = 0) -> list[tuple[str, str]]:
    return sorted((mail.to.partition("@")[0], mail.subject) for mail in mails(service)[known:])


def undecided(service: Service) -> list[str]:
    return [id for (id,) in stored(service, "SELECT claim_id FROM passport_claims WHERE decided_at IS NULL")]


@pytest.mark.parametrize(("of_ann", "of_anne"), [(CODE, NO), (NO, CODE)], ids=["who-goes", "who-stays"])
def test_the_account_that_is_confirmed_stays_and_an_undone_merge_opens_the_other_again(
    service: Service, clock: ManualClock, of_ann: ConfirmedBy | None, of_anne: ConfirmedBy | None
) -> None:
    ann_id, anne_id = import_twice(service)
    accounts_of = [
        open_for(service, ann_id, "ann@a.example", of_ann),
        open_for(service, anne_id, "anne@a.example", of_anne),
    ]
    merge(service, ann_id, anne_id)
    assert is_open(service, *accounts_of) == [True, True]
    for _ in range(2):
        assert one_account.settle(service) is False
    assert is_open(service, *accounts_of) == [of_ann is CODE, of_anne is CODE]
    loser, keeper = ("anne", "ann") if of_ann is CODE else ("ann", "anne")
    assert told(service) == sorted(
        [(loser, "Your CME Passport account was closed"), (keeper, "Your CME Passport account shows more credit")]
    )
    assert undecided(service) == []
    settle(service)
    clock.now += timedelta(days=200)
    unmerge(service, ann_id)
    known = len(mails(service))
    for _ in range(2):
        one_account.settle(service)
    assert is_open(service, *accounts_of) == [True, True]
    assert [one(service, id).confirmed_by for id in accounts_of] == [of_ann, of_anne], "each as it was"
    assert told(service, known) == [(loser, "Your CME Passport account stays yours")]
    assert "is open again" in mails(service)[-1].body
    settle(service)


@pytest.mark.parametrize("by", [CODE, NO], ids=["both-confirmed", "neither"])
@pytest.mark.parametrize("decision", ["leave", "give"])
def test_of_two_that_weigh_the_same_the_operator_decides_and_it_can_be_undone(
    open_window: OpenWindow, service: Service, clock: ManualClock, by: ConfirmedBy | None, decision: str
) -> None:
    ann_id, anne_id = import_twice(service)
    first = open_for(service, ann_id, "ann@a.example", by)
    clock.now += timedelta(days=1)
    second = open_for(service, anne_id, "anne@a.example", by)
    merge(service, ann_id, anne_id)
    for _ in range(2):
        one_account.settle(service)
    assert is_open(service, first, second) == [True, True], "both keep what they have"
    assert told(service) == [(who, "Two CME Passport accounts for one physician") for who in ("ann", "anne")]
    assert len(undecided(service)) == 1
    known = len(mails(service))
    boss = open_window()
    sign_in_operator(boss, service)
    boss.open("/operator/passport")
    assert "has an account as well" in boss.text and "ann@a.example" in boss.text
    form = str(boss.tree.xpath("string(//form[contains(@action, '/claims/')]/@action)"))
    boss.submit(form, decision=decision)
    stays = decision == "leave"
    assert is_open(service, first, second) == [stays, not stays]
    closed, kept = ("anne", "ann") if stays else ("ann", "anne")
    about = [pair for pair in told(service, known) if pair[0] in ("ann", "anne")]
    assert about == sorted(
        [(closed, "Your CME Passport account was closed"), (kept, "Your CME Passport account stays yours")]
    )
    one_account.settle(service)
    assert undecided(service) == []
    settle(service)
    unmerge(service, ann_id)
    one_account.settle(service)
    assert is_open(service, first, second) == [True, True]
    settle(service)


def test_a_merge_that_is_undone_before_it_was_decided_leaves_both_and_tells_both(service: Service) -> None:
    ann_id, anne_id = import_twice(service)
    pair = [open_for(service, ann_id, "ann@a.example", CODE), open_for(service, anne_id, "anne@a.example", CODE)]
    merge(service, ann_id, anne_id)
    one_account.settle(service)
    unmerge(service, ann_id)
    known = len(mails(service))
    for _ in range(2):
        one_account.settle(service)
    assert is_open(service, *pair) == [True, True]
    assert undecided(service) == []
    assert told(service, known) == [(who, "Your CME Passport account stays yours") for who in ("ann", "anne")]
    # Merged once more, it is decided once more.
    merge(service, ann_id, anne_id)
    one_account.settle(service)
    assert len(undecided(service)) == 1
    settle(service)


def test_who_has_both_keeps_one_and_is_told_that_links_of_the_other_ended(service: Service) -> None:
    ann_id, anne_id = import_twice(service)
    pair = [open_for(service, ann_id, "ann@a.example", NO), open_for(service, anne_id, "ann@a.example", CODE)]
    merge(service, ann_id, anne_id)
    one_account.settle(service)
    assert is_open(service, *pair) == [False, True]
    assert told(service) == [("ann", "One of your CME Passport accounts was closed")]
    settle(service)


def test_an_account_of_one_who_joined_since_stands_in_the_way_of_opening_the_other_again(service: Service) -> None:
    ann_id, anne_id = import_twice(service)
    loser = open_for(service, ann_id, "ann@a.example", NO)
    open_for(service, anne_id, "anne@a.example", CODE)
    merge(service, ann_id, anne_id)
    one_account.settle(service)
    unmerge(service, ann_id)
    open_for(service, ann_id, "new@a.example", CODE)
    one_account.settle(service)
    assert is_open(service, loser) == [False]
    settle(service)


def test_what_was_confirmed_while_two_were_one_is_confirmed_anew(service: Service, clock: ManualClock) -> None:
    ann_id, anne_id = import_twice(service)
    before = open_for(service, anne_id, "anne@a.example", CODE)
    merge(service, ann_id, anne_id)
    clock.now += timedelta(days=1)
    unmerge(service, ann_id)
    assert one(service, before).confirmed_by is CODE, "it is known of her alone"
    merge(service, ann_id, anne_id)
    clock.now += timedelta(days=1)
    since = open_for(service, ann_id, "ann@a.example", NO)
    transact(operator(service), accounts.confirm, since)
    known = len(mails(service))
    unmerge(service, ann_id)
    assert one(service, since).confirmed_at is None and one(service, before).confirmed_by is CODE
    assert told(service, known) == [("ann", "Your CME Passport account has to be confirmed again")]
    settle(service)


def test_a_split_leaves_the_account_and_its_links_showing_nothing_until_it_is_confirmed_again(
    window: Window, open_window: OpenWindow, api: Api, service: Service
) -> None:
    made = reported(api, service)
    clerk = open_window()
    sign_in(clerk, service, "code@example.org")
    join(window, service, **(TINA | {"/code": code_for(clerk, made)}))
    assert window.heading == "My credits"
    link = share(window)
    receiver = opened(open_window(), link)
    assert "Karacme" in receiver.text
    unused = code_for(clerk, made)
    [(physician_id,)] = stored(service, f"SELECT learner_id FROM completions WHERE completion_id = '{made}'")
    known = len(mails(service))
    leaves = Split(shown=FiledName(first_name="Tina", last_name="Other"), stays=frozenset([made]))
    transact(operator(service), splitting.split, physician_id, leaves)
    assert told(service, known)[-1][1] == "Your CME Passport account has to be confirmed again"
    assert window.open("/passport/credits").heading == "Settings"
    assert open_window().open(link).status == 404
    window.open(SETTINGS).submit(f"{SETTINGS}/confirm", **{"/code": unused})
    assert "This is not a joining code of yours, or it works no longer." in window.text
    window.open(SETTINGS).submit(f"{SETTINGS}/confirm", **{"/code": code_for(clerk, made)})
    assert window.open("/passport/credits").heading == "My credits"
    assert "Karacme" in opened(open_window(), link).text
    settle(service)


@pytest.mark.parametrize(
    ("of_ann", "of_anne", "said"),
    [
        (CODE, NO, "The one that is confirmed stays, and shows the credit of both."),
        (CODE, CODE, "both go on working until you decide"),
        (NO, NO, "both go on working until you decide"),
    ],
    ids=["one-confirmed", "both", "neither"],
)
def test_that_two_accounts_meet_is_said_before_they_are_merged(
    window: Window, service: Service, of_ann: ConfirmedBy | None, of_anne: ConfirmedBy | None, said: str
) -> None:
    ann_id, anne_id = import_twice(service)
    sign_in_operator(window, service)
    here = f"/operator/registry/{ann_id}/merge?into={anne_id}"
    assert "CME Passport account" not in window.open(here).text
    open_for(service, ann_id, "ann@a.example", of_ann)
    alone = "which is confirmed: it will show" if of_ann else "once it is, it shows the credit of both"
    assert alone in window.open(here).text
    open_for(service, anne_id, "anne@a.example", of_anne)
    assert "Both have a CME Passport account" in window.open(here).text
    assert said in window.text
    settle(service)


def test_that_two_accounts_of_one_person_meet_is_said(window: Window, service: Service) -> None:
    ann_id, anne_id = import_twice(service)
    for id, by in ((ann_id, NO), (anne_id, CODE)):
        open_for(service, id, "ann@a.example", by)
    sign_in_operator(window, service)
    assert "Both are of one person." in window.open(f"/operator/registry/{ann_id}/merge?into={anne_id}").text


def test_that_an_account_has_to_be_confirmed_again_is_said_before_a_split_and_before_a_merge_is_undone(
    window: Window, service: Service, clock: ManualClock
) -> None:
    ann_id, anne_id = import_twice(service)
    sign_in_operator(window, service)
    here, undo = f"/operator/registry/{anne_id}/split", f"/operator/registry/{ann_id}/unmerge"
    again = "It has to be confirmed again, by a joining code or by you"
    assert "CME Passport account" not in window.open(here).text
    client_id = open_for(service, anne_id, "anne@a.example", NO)
    assert "Nothing has confirmed it yet, so it shows nothing." in window.open(here).text
    merge(service, ann_id, anne_id)
    assert "CME Passport account" not in window.open(undo).text
    clock.now += timedelta(minutes=1)
    transact(operator(service), accounts.confirm, client_id)
    assert again in window.open(undo).text
    assert again in window.open(here).text
    fields = {"/physician/first_name": "Anne", "/physician/last_name": "Other", "do": "list"}
    window.submit(here, **fields)
    assert window.heading == "What goes where"
    assert again in window.text
    settle(service)
