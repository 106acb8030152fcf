"""Completions of another system: what is kept of them, what refuses them, and that nothing is written twice."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import OperatorFault
from app.domain.batches import BatchKind
from app.domain.credits import CreditStatus
from app.domain.moving.records import ImportOutcome
from app.services.context import Service
from app.services.moving.files import ImportWanted, MovedCounts, import_file
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.past_records import OWN, TINA
from tests.builders.past_records import a_past_completion as a_record
from tests.builders.past_records import a_past_credit as a_credit
from tests.builders.past_records import past_points as moc
from tests.harness.api import Api, api_of, settle
from tests.harness.cases import for_all
from tests.harness.clock import ManualClock
from tests.harness.moving.installations import (
    COMPLETIONS,
    PROVIDER,
    everything,
    import_bytes,
    lines_of,
    ndjson,
    outcomes,
    what_was_told,
)


def imported(service: Service, folder: Path, *records: Any, **given: Any) -> Any:
    return import_bytes(service, folder, COMPLETIONS, ndjson(records), **given)


def one(api: Api, completion_id: str) -> Any:
    answer = api.get(f"{COMPLETIONS}/{completion_id}")
    assert answer.status == 200, answer.json
    return answer.json


def rows(service: Service, sql: str, **given: Any) -> list[tuple[Any, ...]]:
    return service.database.read(lambda connection: [tuple(row) for row in statements.fetch(connection, sql, given)])


def test_what_a_file_says_of_credit_is_kept_and_nobody_is_told(api: Api, service: Service, tmp_path: Path) -> None:
    rejected = moc(3, status="rejected", status_reason="not-certified", status_text="Lapsed in 2019.", credits=0.5)
    withdrawn = moc(4, status="withdrawn", credits=0.75)
    records = [
        a_record(1),
        a_record(2, rejected, withdrawn, moc(5, status="pending"), learner=TINA),
        a_record(3, moc(6, status="rejected"), learner=TINA, completed_on="2021-12-11"),
    ]
    settle(service)
    told = what_was_told(service)
    counts = imported(service, tmp_path, *records)
    assert outcomes(counts) == {"read": 3, "added": 3}, counts.listed
    settle(service)
    assert what_was_told(service) == told
    for sent in records:
        stands = one(api, sent["completion_id"])
        for name in ("completion_id", "completed_on", "occasion", "submitted_at", "entry_method"):
            assert stands[name] == sent[name]
        assert [credit | {"credit_types": []} for credit in stands["credits"]] == [
            credit | {"credit_types": []} for credit in sent["credits"]
        ]
    assert rows(service, "SELECT credit_id FROM imported_credits ORDER BY credit_id") == [
        (OWN.format(f"b{number:02}"),) for number in range(1, 7) if number != 2
    ]


def test_a_second_run_writes_nothing(service: Service, tmp_path: Path) -> None:
    records = [a_record(1), a_record(2, moc(), learner=TINA)]
    imported(service, tmp_path, *records)
    settle(service)
    before = everything(service)
    assert outcomes(imported(service, tmp_path, *records)) == {"read": 2, "already-there": 2}
    assert everything(service) == before


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("completion date", {"completed_on": "2021-12-11"}),
    ("time of submission", {"submitted_at": "2021-12-13T09:30:00.126000Z"}),
    ("last name", {"learner": {"first_name": "Rebecca", "last_name": "Teste", "date_of_birth": "02/01"}}),
    ("way of entry", {"entry_method": "xml"}),
    ("occasion", {"occasion": 2}),
    ("credit", {"credits": [a_credit(credits=1.75)]}),
    ("credit", {"credits": [a_credit(), moc()]}),
    ("status of credit", {"credits": [a_credit(status="rejected")]}),
    ("status of credit", {"credits": [a_credit(status_at="2021-12-14T08:00:00Z", status_text="Yes.")]}),
    ("the learner's number with a board", {"credits": [a_credit(learner_board_id=None)]}),
    ("references", {"credits": [a_credit(client_references=["new"])]}),
    ("answers for REMS", {"rems": {"local_id": "1"}}),
]


@for_all("named, changed", CHANGES, name_of=lambda case: f"{case[0]}: {case[1]}")
def test_what_is_on_file_otherwise_stays_and_is_told(
    service: Service, tmp_path: Path, named: str, changed: dict[str, Any]
) -> None:
    imported(service, tmp_path, a_record())
    before = everything(service)
    left = tmp_path / "left.ndjson"
    counts = imported(service, tmp_path, a_record() | changed, rejected=left)
    assert outcomes(counts) == {"read": 1, "differs": 1}, counts.listed
    assert everything(service) == before
    (line,) = lines_of(left.read_bytes())
    (error,) = line.pop("_errors")
    assert line == a_record() | changed
    assert error["code"] == "moved-differs"
    assert named in error["detail"]


def test_a_moment_without_a_fraction_is_compared_to_the_second(service: Service, tmp_path: Path) -> None:
    imported(service, tmp_path, a_record())
    told = a_record(1, a_credit(status_at="2021-12-14T08:00:00Z"), submitted_at="2021-12-13T09:30:00Z")
    assert outcomes(imported(service, tmp_path, told)) == {"read": 1, "already-there": 1}


TOO_MUCH = {"credits": 0.25, "credit_types": [{"type": "Lifelong Learning", "credits": 0.5}]}
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("learner-unmatched", "/learner", a_record(learner=TINA)),
    ("learner-unmatched", "/learner", a_record(learner={"learner_id": "lrn_of_another_installation"})),
    ("cme-maximum", "/credits/0/credits", a_record(1, a_credit(credits=400))),
    ("credit-quarter", "/credits/0/credits", a_record(1, a_credit(credits=0.3))),
    ("cme-by-end", "/completed_on", a_record(completed_on="2021-12-18", submitted_at="2021-12-19")),
    ("completed-not-future", "/completed_on", a_record(submitted_at="2021-12-10T00:00:00Z")),
    ("moved-day", "/submitted_at", a_record(submitted_at=None)),
    ("moved-day", "/submitted_at", a_record(submitted_at="2031-01-01")),
    ("moved-day", "/submitted_at", a_record(submitted_at="yesterday")),
    ("moved-status", "/credits/0/status", a_record(1, a_credit(status=None))),
    ("moved-status", "/credits/0/status", a_record(1, a_credit(status="on hold"))),
    ("moved-status", "", a_record(1, a_credit(status="withdrawn"))),
    ("activity-known", "", a_record(activity_id="999999999")),
    ("activity-known", "/provider_id", a_record(provider_id="0009999")),
    ("board-known", "/credits/0/board", a_record(1, a_credit(board="XYZ"))),
    ("board-known", "/credits/0/board", a_record(1, moc(board="XYZ", status="rejected"), learner=TINA)),
    ("amount-valid", "/credits/1/credits", a_record(1, a_credit(), moc(credits=0, status="rejected"))),
    (
        "credit-type-within-total",
        "/credits/1/credits",
        a_record(1, a_credit(), moc(status="rejected", **TOO_MUCH)),
    ),
    ("board-once", "/credits/1", a_record(1, a_credit(1), a_credit(2))),
    ("id-taken", "/credits", a_record(1, a_credit(1), moc(1))),
    ("field-unknown", "/more", a_record(more=1)),
    ("type", "/credits/0/credits", a_record(1, a_credit(credits="2"))),
    ("format", "/entry_method", a_record(entry_method="fax")),
]


@for_all("rule, pointer, record", REFUSED, name_of=lambda case: f"{case[0]} {case[1]}")
def test_a_record_is_refused_with_its_findings_and_comes_back(
    service: Service, tmp_path: Path, rule: str, pointer: str, record: dict[str, Any]
) -> None:
    before = everything(service)
    left = tmp_path / "left.ndjson"
    counts = imported(service, tmp_path, record, rejected=left)
    assert outcomes(counts) == {"read": 1, "refused": 1}
    assert everything(service) == before
    (line,) = lines_of(left.read_bytes())
    errors = line.pop("_errors")
    assert line == record
    assert any(error["code"] == rule and error["pointer"].startswith(pointer) for error in errors), errors
    assert all(error["severity"] == "reject" for error in errors)


def test_what_was_refused_is_imported_once_it_is_corrected(api: Api, service: Service, tmp_path: Path) -> None:
    left = tmp_path / "left.ndjson"
    counts = imported(
        service, tmp_path, a_record(1, a_credit(credits=400)), a_record(2, moc(), learner=TINA), rejected=left
    )
    assert outcomes(counts) == {"read": 2, "added": 1, "refused": 1}
    again = import_bytes(service, tmp_path, COMPLETIONS, left.read_bytes().replace(b"400", b"2.0"))
    assert outcomes(again) == {"read": 1, "added": 1}
    assert one(api, OWN.format("a01"))["credits"] == [a_credit()]


def test_a_file_of_what_was_not_taken_over_is_made_only_where_there_is_any(service: Service, tmp_path: Path) -> None:
    left = tmp_path / "left.ndjson"
    imported(service, tmp_path, a_record(), rejected=left)
    assert not left.exists()


def test_rules_about_time_are_asked_about_the_time_of_submission(
    api: Api, service: Service, tmp_path: Path, clock: ManualClock
) -> None:
    """Years later a record is no late one, and its activity may be closed."""
    register = api.register(
        end_date="2021-06-30", measured_outcomes=[{"outcome": "learner-knowledge"}], commercial_support=[],
        learner_counts={"physicians": 1},
    )  # fmt: skip
    activity_id = register.json["activity_id"]
    assert api.post(f"/v1/activities/{activity_id}/close", None).status == 200
    clock.now += timedelta(days=900)
    record = a_record(activity_id=activity_id, completed_on="2021-06-01", submitted_at="2021-06-20")
    assert outcomes(imported(service, tmp_path, record)) == {"read": 1, "added": 1}
    assert all(line["completion_id"] != OWN.format("a01") for line in api.pages("/v1/reports/reported-late"))
    settle(service)


def test_ids_that_are_others_are_findings(api: Api, http: Any, service: Service, tmp_path: Path) -> None:
    """Neither another provider's completion nor its credit is overwritten, or moves."""
    other = api_of(http, service, "Another", providers=["0009999"])
    activity_id = other.register(title="Of another").json["activity_id"]
    theirs = other.report(a_completion(activity_id, "2021-12-10")).json
    mine = api.report(a_completion(completed_on="2021-12-10")).json
    before = everything(service)
    same_completion = a_record(completion_id=theirs["completion_id"])
    same_credit = a_record(1, a_credit(credit_id=mine["credits"][0]["credit_id"]))
    counts = imported(service, tmp_path, same_completion, same_credit)
    assert outcomes(counts) == {"read": 2, "refused": 2}
    assert [(finding.rule, finding.pointer) for _, finding in counts.listed] == [
        ("id-taken", "/completion_id"),
        ("id-taken", "/credits/0/credit_id"),
    ]
    assert everything(service) == before


def test_one_id_twice_in_a_file_is_a_finding(service: Service, tmp_path: Path) -> None:
    counts = imported(service, tmp_path, a_record(1), a_record(2, moc(1), learner=TINA))
    assert outcomes(counts) == {"read": 2, "added": 1, "refused": 1}
    ((row, finding),) = counts.listed
    assert (row, finding.rule) == (2, "id-taken")
    settle(service)


def test_ids_of_other_systems_are_kept_as_keys(api: Api, service: Service, tmp_path: Path) -> None:
    record = a_record(1, a_credit(credit_id="CR-77/1"), completion_id="L 4711", occasion=None)
    assert outcomes(imported(service, tmp_path, record)) == {"read": 1, "added": 1}
    for key in ("L 4711", "CR-77/1"):
        (found,) = api.completions(client_reference=key)
        assert found["credits"][0]["client_references"] == ["CR-77/1", "L 4711"]
    status = api.get("/pars/learner-activities/status", CreditId="CR-77/1")
    assert status.status == 200, status.json
    before = everything(service)
    assert outcomes(imported(service, tmp_path, record)) == {"read": 1, "already-there": 1}
    other_amount = a_record(1, a_credit(credit_id="CR-77/1", credits=1.0), completion_id="L 4711", occasion=None)
    assert outcomes(imported(service, tmp_path, other_amount)) == {"read": 1, "differs": 1}
    assert everything(service) == before


def test_records_without_ids_join_one_completion(api: Api, service: Service, tmp_path: Path) -> None:
    """As rows of states do: ME after TN, and points after CME."""
    records = [
        a_record(1, a_credit(credit_id=None), completion_id=None, occasion=None),
        a_record(
            1, a_credit(credit_id=None, board="Maine", learner_board_id="MD9977"), completion_id=None, occasion=None
        ),
    ]
    counts = imported(service, tmp_path, *records)
    if counts.outcomes[ImportOutcome.REFUSED]:
        pytest.fail(str(counts.listed))
    assert outcomes(counts) == {"read": 2, "added": 1, "joined": 1}
    assert outcomes(imported(service, tmp_path, *records)) == {"read": 2, "already-there": 2}
    settle(service)


def test_an_activity_is_known_by_the_other_systems_id(api: Api, service: Service, tmp_path: Path) -> None:
    activity_id = api.register(internal_id="EVENT-9").json["activity_id"]
    imported(service, tmp_path, a_record(activity_id="EVENT-9"))
    assert one(api, OWN.format("a01"))["activity_id"] == activity_id


def test_birth_dates_are_not_counted(service: Service, tmp_path: Path) -> None:
    """The operator has the registry: a file with many wrong ones must not shut anybody out."""
    wrong = [
        a_record(learner={"first_name": "Rebecca", "last_name": "Test", "date_of_birth": f"03/{day:02}"})
        for day in range(1, 29)
    ]
    table = rows(service, "SELECT count(*) FROM identity_budgets")
    counts = imported(service, tmp_path, *wrong)
    assert outcomes(counts) == {"read": 28, "refused": 28}
    assert rows(service, "SELECT count(*) FROM identity_budgets") == table
    assert outcomes(imported(service, tmp_path, a_record())) == {"read": 1, "added": 1}


def test_who_imported_what_stands_in_the_audit(service: Service, tmp_path: Path) -> None:
    imported(service, tmp_path, a_record(), a_record(2, moc()))
    found = rows(
        service,
        "SELECT a.verb, c.client_id, c.provider_id, a.fields FROM audit a JOIN commits c ON c.commit_id = a.commit_id "
        "WHERE a.noun = 'import' ORDER BY a.commit_id",
    )
    assert [row[:3] for row in found] == [("begin", "operator", PROVIDER), ("end", "operator", PROVIDER)]
    fields = [service_fields(row[3]) for row in found]
    assert {one["kind"] for one in fields} == {"learner-completions"}
    assert len({one["digest"] for one in fields}) == 1
    assert fields[1]["counts"]["added"] == 1
    assert fields[1]["counts"]["refused"] == 1
    assert "Rebecca" not in str(found)


def service_fields(document: Any) -> dict[str, Any]:
    from app.store.sql.values import read_document

    fields: dict[str, Any] = dict(read_document(document))
    return fields


def test_what_is_no_such_file_is_one_sentence(service: Service, tmp_path: Path) -> None:
    for content, name, words in (
        (b"", "a.ndjson", "is empty"),
        (b"one,two\n1,2\n", "a.csv", "no heading Board"),
        (b"%PDF-1.4", "a.pdf", "PDF"),
    ):
        with pytest.raises(OperatorFault, match=words):
            import_bytes(service, tmp_path, COMPLETIONS, content, name=name)
    whole = gzip.compress(ndjson([a_record(place) for place in range(1, 60)]))
    for damaged in (whole[: len(whole) // 2], b"\x1f\x8bxx" + whole[4:], b"no gzip at all"):
        with pytest.raises(OperatorFault, match="damaged"):
            import_bytes(service, tmp_path, COMPLETIONS, damaged, name="a.ndjson.gz")
    with pytest.raises(OperatorFault, match="no provider 0000000"):
        imported(service, tmp_path, a_record(), provider="0000000")


def test_a_file_that_breaks_off_is_imported_until_there(service: Service, tmp_path: Path) -> None:
    content = ndjson([a_record()] * 250) + b'{"completion_id": "' + b"x" * 5_000_000 + b'"}'
    counts = MovedCounts()
    file = tmp_path / "moved.ndjson"
    file.write_bytes(content)
    wanted = ImportWanted(kind=BatchKind.LEARNER_COMPLETIONS, provider_id=PROVIDER)
    with pytest.raises(OperatorFault, match=r"row 251: .* What was read before it was imported"):
        import_file(service, file, wanted, counts)
    assert outcomes(counts) == {"read": 250, "added": 1, "already-there": 249}


def test_what_the_operator_says_stands_where_the_file_says_nothing(api: Api, service: Service, tmp_path: Path) -> None:
    record = a_record(1, a_credit(status=None), submitted_at=None)
    at = datetime(2021, 12, 13, tzinfo=UTC)
    counts = imported(service, tmp_path, record, status=CreditStatus.ACCEPTED, submitted=at)
    assert outcomes(counts) == {"read": 1, "added": 1}
    stands = one(api, OWN.format("a01"))
    assert (stands["submitted_at"], stands["credits"][0]["status"]) == ("2021-12-13T00:00:00Z", "accepted")


def test_nothing_is_imported_for_the_sandbox(service: Service, tmp_path: Path) -> None:
    ((sandbox,), *_) = rows(service, "SELECT provider_id FROM providers WHERE sandbox_of IS NOT NULL")
    with pytest.raises(OperatorFault, match="sandbox"):
        imported(service, tmp_path, a_record(), provider=sandbox)
