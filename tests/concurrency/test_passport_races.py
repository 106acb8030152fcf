"""Races of CME Passport: whatever many do at once came one after another, and nobody is told an error of ours."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Concatenate, ParamSpec

import pytest
from msgspec.structs import replace

from app.core.database import transactions
from app.core.errors import Problem
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.domain.passport.accounts import CLAIMS_AN_HOUR, TRIES_A_CODE
from app.domain.passport.notices import SETTLED_AFTER
from app.domain.passport.shares import MOST_OPEN
from app.domain.passport.transcripts import TranscriptPeriod
from app.domain.passport.verification_codes import new_verification_code
from app.services.access import erasure
from app.services.context import Caller, Service, Work, operator, transact
from app.services.passport import accounts, answering, disputes, joining, permission, publishing, shares, telling
from app.services.passport.joining import JoinRequest
from app.services.passport.publishing import Prepared
from app.services.passport.shares import ShareRequest
from app.store import clients
from tests.builders.bodies import a_completion, tina
from tests.builders.disputes import physician_of
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import stored
from tests.harness.wire import at_once

MANY = 12
WILLA = ValidationRequest(
    first_name="Willa", last_name="Duncan", birth_date=MonthDay(5, 25), state="CA", license_id="70279062"
)
P = ParamSpec("P")


def ask(service: Service, address: str, **changed: Any) -> None:
    request = JoinRequest(known=replace(WILLA, **changed), code="", address=address, host="192.0.2.1")
    transact(operator(service), joining.ask, request)


def token_for(service: Service, address: str) -> str:
    """Return what stands in the newest link that opens an account for an address."""
    bodies = [mail.body for mail in mails(service) if mail.to == address]
    return re.findall(r"http://\S+/passport/join/(\S{20,})", "\n".join(bodies))[-1]


def open_by(service: Service, token: str) -> joining.Opened | None:
    claim = service.database.read(lambda connection: joining.find_claim(connection, service, token))
    return None if claim is None else transact(operator(service), joining.open_account, claim.claim_id, "A browser")


def attempt(caller: Caller, verb: Callable[Concatenate[Work, P], Any], *args: P.args, **kwargs: P.kwargs) -> str:
    """Return the code of the problem that a verb raises; empty without one."""
    try:
        transact(caller, verb, *args, **kwargs)
    except Problem as problem:
        return problem.code
    return ""


def caller_of(service: Service, client_id: str) -> Caller:
    client = service.database.read(lambda connection: clients.by_id(connection, client_id))
    assert client is not None
    return Caller(service=service, client=client, provider=None)


def opened(service: Service, address: str) -> joining.Opened:
    """Ask for Willa's account, and open it."""
    ask(service, address)
    found = open_by(service, token_for(service, address))
    assert found is not None
    return found


def code_for_willa(api: Api, service: Service) -> str:
    """Report Willa's credit; return a joining code for her."""
    body = a_completion(
        "201759558", "2021-12-02", first_name="Willa", last_name="Duncan", born="05/25", state="CA",
        license_id="70279062",
    )  # fmt: skip
    made = str(api.report(body, Idempotency_Key="willa-1").json["completion_id"])
    return transact(replace(caller_of(service, api.client_id), provider="0008001"), accounts.make_code, made)


@pytest.fixture
def record(api: Api) -> str:
    """A record of Tina's."""
    return str(api.report(tina()).json["completion_id"])


@pytest.fixture
def physician(service: Service, record: str) -> Caller:
    return physician_of(service, record)


def prepared_for(caller: Caller) -> Callable[[], Prepared]:
    """Return what gives the same printed transcript under a new id and code each time."""
    first = asyncio.run(publishing.prepare(caller, TranscriptPeriod()))
    return lambda: replace(first, transcript_id=publishing.new_transcript_id(), code=new_verification_code())


def test_links_asked_for_at_once_for_one_address_are_five(service: Service) -> None:
    at_once([partial(ask, service, "willa@physicians.example")] * MANY)
    assert stored(service, "SELECT count(*) FROM passport_claims") == [(CLAIMS_AN_HOUR,)]
    assert len(mails(service)) == CLAIMS_AN_HOUR
    settle(service)


def test_one_link_pressed_by_many_opens_one_account(service: Service) -> None:
    ask(service, "willa@physicians.example")
    token = token_for(service, "willa@physicians.example")
    found = at_once([partial(open_by, service, token)] * MANY)
    assert sum(one is not None for one in found) == 1
    settle(service)


def test_of_many_claims_to_one_physician_opened_at_once_one_wins_and_none_is_in_the_others_way(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [f"w{number}@physicians.example" for number in range(6)]
    for address in addresses:
        ask(service, address)
    tokens = [token_for(service, address) for address in addresses]
    lost = count_lost_transactions(monkeypatch)
    found = at_once([partial(open_by, service, token) for token in tokens])
    assert sum(one is not None for one in found) == 1
    assert stored(service, "SELECT count(*) FROM passport_accounts") == [(1,)]
    assert not lost
    settle(service)


def count_lost_transactions(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count transactions that are run again, by why."""
    lost: Counter[str] = Counter()
    real = transactions.is_retryable

    def counted(error: Exception, attempt: int, *, patient: bool) -> bool:
        lost[getattr(getattr(error, "orig", None), "sqlstate", None) or "other"] += 1
        return real(error, attempt, patient=patient)

    monkeypatch.setattr(transactions, "is_retryable", counted)
    return lost


def test_one_joining_code_confirms_once(api: Api, service: Service) -> None:
    code = code_for_willa(api, service)
    caller = caller_of(service, opened(service, "willa@physicians.example").account.client_id)
    answers = Counter(at_once([partial(attempt, caller, accounts.confirm_by_code, code)] * MANY))
    assert answers[""] == 1
    assert set(answers) <= {"", "conflict", "invalid-request"}
    settle(service)


def test_dates_tried_at_once_with_codes_of_one_physician_are_five(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [code_for_willa(api, service) for _ in range(3)]
    lost = count_lost_transactions(monkeypatch)
    requests = [
        JoinRequest(
            known=replace(WILLA, birth_date=MonthDay(1, day)), code=codes[day % 3], address=f"{day}@a.example", host=""
        )
        for day in range(1, MANY + 1)
    ]
    at_once([partial(transact, operator(service), joining.ask, request) for request in requests])
    assert stored(service, "SELECT sum(tries) FROM joining_codes") == [(TRIES_A_CODE,)]
    assert not lost
    settle(service)


def test_an_account_publishes_no_more_in_a_day_by_publishing_at_once(
    physician: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MOST_A_DAY", 3)
    new = prepared_for(physician)
    answers = Counter(at_once([partial(attempt, physician, publishing.save, new()) for _ in range(MANY)]))
    assert answers == {"": 3, "conflict": MANY - 3}
    settle(service)


def test_what_is_published_beside_an_erasure_is_erased(
    physician: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase = eraser(physician, service)
    new = prepared_for(physician)()
    erased = paused_before(monkeypatch, publishing, "store", erase)
    assert attempt(physician, publishing.save, new) == ""
    assert erased.result(60) is None
    assert stored(service, "SELECT count(*) FROM transcripts WHERE content <> ''") == [(0,)]
    settle(service)


def eraser(physician: Caller, service: Service) -> Callable[[], None]:
    """Return what erases a physician."""
    settle(service)
    learner_id = service.database.read(lambda connection: accounts.holder_of(connection, physician)).account.learner_id

    def erase() -> None:
        erasure.erase(service, learner_id, unread=True)

    return erase


def paused_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, beside: Callable[[], None]) -> Future[None]:
    """Let a function wait, where it is called first, while something is done beside it; return how that ends.

    It waits no longer than what is done there may have to wait for it.
    """
    done: Future[None] = Future()
    real = getattr(module, name)

    def run() -> None:
        try:
            beside()
        except BaseException as error:
            done.set_exception(error)
            raise
        done.set_result(None)

    def paused(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(module, name, real)
        threading.Thread(target=run).start()
        with contextlib.suppress(TimeoutError):
            done.result(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, paused)
    return done


def test_what_is_said_beside_an_erasure_is_forgotten(
    physician: Caller, record: str, api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = transact(physician, disputes.open_dispute, record, "not-me", "I was not there.")
    provider = replace(caller_of(service, api.client_id), provider="0008001")
    erase = eraser(physician, service)
    transact(physician, accounts.close)
    erased = paused_before(monkeypatch, answering, "answered", erase)
    attempt(provider, answering.answer, dispute.dispute_id, "She was.")
    assert erased.result(60) is None
    assert stored(service, "SELECT count(*) FROM dispute_steps WHERE message IS NOT NULL") == [(0,)]
    assert stored(service, "SELECT DISTINCT status FROM disputes") == [("taken-back",)]
    settle(service)


def test_links_made_and_ended_at_once_are_as_many_as_one_after_another(physician: Caller, service: Service) -> None:
    asked = ShareRequest(receiver="A hospital", period=TranscriptPeriod(), fixed=False, days=7)
    for _ in range(MOST_OPEN - 2):
        transact(physician, shares.create, asked, None)
    answers = Counter(at_once([partial(attempt, physician, shares.create, asked, None)] * MANY))
    assert answers == {"": 2, "conflict": MANY - 2}
    made = service.database.read(lambda connection: shares.list_mine(connection, physician))[0].share
    assert set(at_once([partial(attempt, physician, shares.end, made.share_id)] * MANY)) == {""}
    assert stored(service, f"SELECT count(*) FROM audit WHERE verb = 'end' AND subject_id = '{made.share_id}'") == [
        (1,)
    ]
    settle(service)


def test_views_counted_at_once_are_all_counted_and_mailed_once(
    physician: Caller, service: Service, clock: ManualClock
) -> None:
    asked = ShareRequest(receiver="A hospital", period=TranscriptPeriod(), fixed=False, days=7, mails_views=True)
    made = transact(physician, shares.create, asked, None)
    at_once([partial(transact, operator(service), shares._count, made.token, pdf=False)] * MANY)
    assert stored(service, "SELECT views FROM passport_share_views") == [(MANY,)]
    clock.now += SETTLED_AFTER
    at_once([partial(telling.tell, service)] * MANY)
    assert [mail.subject for mail in mails(service)].count("A link to your transcript was opened") == 1
    settle(service)


def test_a_claim_decided_by_many_at_once_is_decided_once(service: Service) -> None:
    opened(service, "willa@physicians.example")
    ask(service, "other@physicians.example")
    ((claim_id,),) = stored(service, "SELECT claim_id FROM passport_claims WHERE outcome = 'taken'")
    calls = [
        partial(attempt, operator(service), accounts.decide, claim_id, give=number % 2 == 0) for number in range(6)
    ]
    assert Counter(at_once(calls)) == {"": 1, "conflict": 5}
    settle(service)


def test_two_claims_to_one_account_given_at_once_close_it_once(service: Service) -> None:
    opened(service, "willa@physicians.example")
    for number in range(4):
        ask(service, f"other{number}@physicians.example")
    claims = stored(service, "SELECT claim_id FROM passport_claims WHERE outcome = 'taken'")
    calls = [partial(attempt, operator(service), accounts.decide, claim_id, give=True) for (claim_id,) in claims]
    assert Counter(at_once(calls)) == {"": 4}
    told = [mail.subject for mail in mails(service) if mail.to == "willa@physicians.example"]
    assert told.count("Your CME Passport account was closed") == 1
    assert stored(service, "SELECT count(*) FROM audit WHERE noun = 'passport-account' AND verb = 'close'") == [(1,)]
    assert stored(service, "SELECT count(*) FROM audit WHERE verb = 'remove-membership'") == [(1,)]
    settle(service)


def test_an_account_that_another_closes_by_a_code_is_not_confirmed_meanwhile(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_for_willa(api, service)
    first = opened(service, "thief@physicians.example").account.client_id
    request = JoinRequest(known=WILLA, code=code, address="willa@physicians.example", host="192.0.2.1")
    transact(operator(service), joining.ask, request)
    told: list[str] = []
    beside = paused_before(
        monkeypatch,
        joining,
        "close_of_another",
        lambda: told.append(attempt(operator(service), accounts.confirm, first)),
    )
    assert open_by(service, token_for(service, "willa@physicians.example")) is not None
    beside.result(60)
    assert told == ["not-found"]
    settle(service)


def test_a_record_disputed_by_many_at_once_has_one_dispute_and_all_that_was_said(
    physician: Caller, record: str, service: Service
) -> None:
    calls = [partial(attempt, physician, disputes.open_dispute, record, "not-me", f"{n}") for n in range(MANY)]
    assert set(at_once(calls)) == {""}
    assert stored(service, "SELECT count(*) FROM disputes") == [(1,)]
    assert stored(service, "SELECT count(DISTINCT message) FROM dispute_steps") == [(MANY,)]
    settle(service)


def test_a_dispute_answered_by_many_at_once_beside_its_end_has_one_answer(
    physician: Caller, record: str, api: Api, service: Service
) -> None:
    dispute = transact(physician, disputes.open_dispute, record, "not-me", "I was not there.")
    provider = replace(caller_of(service, api.client_id), provider="0008001")
    calls = [partial(attempt, provider, answering.answer, dispute.dispute_id, f"{number}") for number in range(MANY)]
    calls.insert(3, partial(attempt, physician, disputes.settle, dispute.dispute_id))
    answers = Counter(at_once(calls))
    assert answers[""] <= 2
    assert set(answers) <= {"", "conflict"}
    assert stored(service, "SELECT count(*) FROM dispute_steps WHERE verb = 'answer'")[0][0] <= 1
    settle(service)


def test_permission_withdrawn_and_given_back_beside_reports_is_whole(
    physician: Caller, record: str, api: Api, service: Service
) -> None:
    for turn in range(3):
        reports: list[Any] = [
            partial(api.report, tina() | {"completed_on": f"2021-11-{turn * 8 + day:02}"}) for day in range(1, 7)
        ]
        withdrawals: list[Any] = [partial(attempt, physician, permission.withdraw_for_provider, "0008001", "")] * 4
        answers = at_once([*reports[:3], *withdrawals, *reports[3:]])
        assert answers[3:7] == [""] * 4
        assert {answer.status for answer in (*answers[:3], *answers[7:])} <= {201, 422}
        standing = stored(service, "SELECT permission_id FROM withdrawn_permissions WHERE given_back_at IS NULL")
        assert len(standing) == 1
        refused = api.report(tina() | {"completed_on": f"2021-10-{turn + 1:02}"})
        assert refused.status == 422
        ((permission_id,),) = standing
        assert set(at_once([partial(attempt, physician, permission.give_back, permission_id)] * 4)) == {""}
        settle(service)
