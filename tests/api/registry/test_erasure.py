"""A physician is erased: nothing that names them is left anywhere, and everything that others rely on stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import Conflict, NotFound, OperatorFault
from app.services.access import erasure, readmission
from app.services.context import Service, operator, transact
from app.services.held import changes
from app.services.operations import checks
from app.store.registry import learners
from app.store.sql import statements
from tests.builders.bodies import a_completion, john
from tests.builders.people import import_people, physicians_on_file
from tests.harness import canary
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.canary import FILED, FIRST, LAST, LICENSE, NPI, found_in, her_report, stored_of_her
from tests.harness.databases import ON_SQLITE
from tests.harness.held import hold
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked


def her_id(service: Service) -> str:
    [id] = [id for id, one in physicians_on_file(service).items() if one.npi == NPI]
    return id


def faults(service: Service) -> list[str]:
    return checks.find_faults(service, whole=False)


@pytest.fixture(autouse=True)
def registry_knows_her(service: Service) -> None:
    assert import_people(service, FILED).added == 1


def lines(*bodies: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(body).encode() for body in bodies)


@pytest.fixture
def reported(api: Api, service: Service) -> dict[str, Any]:
    """Credit of hers by a request, and by a file beside somebody else's; corrected, withdrawn, held, validated."""
    sent = api.report(her_report(client_reference="hers"), Idempotency_Key="once")
    assert sent.status == 201, sent.json
    body = her_report(completed_on="2021-12-13")
    batch = worked(api, service, lines(body, john(), her_report(completed_on="2021-12-14", credits=0.3)))
    assert batch["counts"]["added"] == 2, rows_of(api, batch)
    gone = api.report(her_report(completed_on="2021-12-10"))
    assert api.delete(f"/v1/learner-completions/{gone.json['completion_id']}").status == 204
    held = hold(api, her_report(first_name="Ottoline", last_name="Fairweather", completed_on="2021-12-09"))
    assert api.post(f"/v1/held-records/{held.json['held_id']}/set-aside", None).status == 200
    asked = {"first_name": FIRST, "last_name": LAST, "date_of_birth": "10/27", "state": "TN", "license_id": LICENSE}
    assert api.post("/v1/learner-validations", asked).json["result"] == "one"
    settle(service)
    return {"completion": sent.json, "batch": batch, "withdrawn": gone.json["completion_id"]}


def test_nothing_that_names_them_is_left_in_any_table(api: Api, service: Service, reported: dict[str, Any]) -> None:
    assert {"learners", "completions", "completion_versions", "batch_pieces", "upload_pieces", "held_records"} <= (
        stored_of_her(service).keys()
    )
    erased = erasure.erase(service, NPI, unread=True)
    assert (erased.completions, erased.rows, erased.held_records) == (3, 2, 1)
    assert stored_of_her(service) == {}
    settle(service)
    assert checks.find_faults(service) == []
    assert replayed(service) == live(service)


def test_ids_amounts_and_statuses_stand_and_history_says_that_it_was_erased(
    api: Api, service: Service, reported: dict[str, Any]
) -> None:
    before = reported["completion"]
    erasure.erase(service, her_id(service), unread=True)
    after = api.get(f"/v1/learner-completions/{before['completion_id']}").json
    assert after["learner"]["first_name"] is None
    assert after["version"] == before["version"] + 1
    kept = ("credit_id", "kind", "board", "credits", "credit_types", "client_references", "status", "delivery")
    assert [[one[name] for name in kept] for one in after["credits"]] == [
        [one[name] for name in kept] for one in before["credits"]
    ]
    assert [one["learner_board_id"] for one in after["credits"]] == [None, None]
    history = api.get(f"/v1/learner-completions/{before['completion_id']}/history").json["data"]
    assert history[0]["action"] == "erased"
    assert found_in(json.dumps(history)) == []
    assert api.get(f"/v1/learner-completions/{reported['withdrawn']}/history").status == 200


def test_others_of_the_same_file_keep_their_rows(api: Api, service: Service, reported: dict[str, Any]) -> None:
    erasure.erase(service, NPI, unread=True)
    batch = reported["batch"]
    assert_problem(api.get(f"/v1/batches/{batch['batch_id']}/files/original"), 410, "file-removed")
    assert b"Smith" in file_of(api, batch, "successful")
    file_of(api, batch, "rejected")
    shown = api.get(f"/v1/batches/{batch['batch_id']}").json
    assert shown["counts"] == batch["counts"]
    assert shown["original_removed_at"] is not None
    assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status in (200, 202)
    work_through(service)
    assert faults(service) == []


def test_a_record_of_theirs_can_still_be_withdrawn_and_is_not_corrected(
    api: Api, service: Service, reported: dict[str, Any]
) -> None:
    erasure.erase(service, NPI, unread=True)
    path = f"/v1/learner-completions/{reported['completion']['completion_id']}"
    read = api.get(path)
    tag = {"If-Match": read.response.headers["ETag"]}
    assert api.send("PUT", path, headers=tag, json=her_report()).status == 422
    assert api.delete(path).status == 204
    settle(service)
    assert stored_of_her(service) == {}


def test_a_later_report_finds_nobody_and_names_no_ghost(api: Api, service: Service, reported: dict[str, Any]) -> None:
    learner_id = reported["completion"]["learner"]["learner_id"]
    answers = api.report(her_report(client_reference="hers"), Idempotency_Key="once"), api.report(her_report())
    assert {answer.status for answer in answers} == {200, 201}
    erasure.erase(service, NPI, unread=True)
    again = api.report(her_report(client_reference="hers"), Idempotency_Key="once")
    assert again.status == 422, again.json
    assert api.report(her_report(completed_on="2021-12-15")).status == 422
    body = her_report(completed_on="2021-12-15")
    body["learner"] = {"learner_id": learner_id}
    assert api.report(body).status == 422
    asked = {"first_name": FIRST, "last_name": LAST, "date_of_birth": "10/27"}
    assert api.post("/v1/learner-validations", asked).json["result"] == "none"


def test_an_import_does_not_bring_them_back_and_says_so(service: Service) -> None:
    id = her_id(service)
    erasure.erase(service, id)
    counts = import_people(service, FILED, {**FILED, "npi": "", "certifications": "", "first_name": "Other"})
    assert (counts.added, counts.updated) == (0, 0)
    assert [conflict.physician_ids for conflict in counts.conflicts] == [(id,), (id,)]
    assert all("erased" in reason and not found_in(reason) for _, reason in counts.refused)
    assert stored_of_her(service) == {}
    assert faults(service) == []


def test_who_is_taken_in_again_has_the_credit_that_stood_and_no_second_one(
    api: Api, service: Service, reported: dict[str, Any]
) -> None:
    id = her_id(service)
    erasure.erase(service, id, unread=True)
    for npi, licence in ((None, None), ("1000000004", None), (None, "TN-M:1")):
        with pytest.raises(OperatorFault, match="NPI or a licence"):
            transact(operator(service), readmission.readmit, id, (FIRST, LAST), npi, licence)
    transact(operator(service), readmission.readmit, id, (FIRST, LAST), NPI, f"TN-M:{LICENSE}")
    assert import_people(service, FILED).updated == 1
    again = api.report(her_report())
    assert (again.status, again.json["outcome"]) == (200, "unchanged")
    settle(service)
    assert checks.find_faults(service) == []
    erasure.erase(service, id, unread=True)
    assert stored_of_her(service) == {}
    settle(service)


def test_nothing_goes_while_a_record_of_theirs_waits(api: Api, service: Service) -> None:
    held = hold(api, her_report(first_name="Ottoline", last_name="Fairweather"))
    assert held.json["held_id"], held.json
    with pytest.raises(OperatorFault, match=f"wait for a match: {held.json['held_id']}"):
        erasure.erase(service, NPI)
    assert "learners" in stored_of_her(service)


def test_a_record_that_named_them_by_numbers_alone_goes_with_them(api: Api, service: Service) -> None:
    """Its link was mistyped, and it has no name: the numbers are all that says who was meant."""
    held = hold(api, {**her_report(), "learner": {"learner_id": LAST}})
    transact(operator(service, "0008001"), changes.set_aside, held.json["held_id"])
    erasure.erase(service, NPI)
    assert stored_of_her(service) == {}


def test_nothing_goes_while_a_file_with_them_is_applied(api: Api, service: Service) -> None:
    from app.services.batches.steps import read_one

    sent = upload(api, lines(her_report(), john()))
    assert read_one(service)
    with pytest.raises(OperatorFault, match=sent.json["batch_id"]):
        erasure.erase(service, NPI)
    work_through(service)
    erasure.erase(service, NPI, unread=True)
    assert stored_of_her(service) == {}


def test_nothing_goes_before_boards_have_read_it_unless_told(api: Api, service: Service, http: TestClient) -> None:
    assert api.report(her_report()).status == 201
    settle(service)
    with pytest.raises(OperatorFault, match="not read yet"):
        erasure.erase(service, NPI)
    for code in ("ABA", "TN-M"):
        board = api_of(http, service, code, role="board", board=code)
        page = board.get("/v1/board-feed", limit=500).json
        if page["data"]:
            board.get("/v1/board-feed", after=page["next_cursor"])
    assert erasure.erase(service, NPI).completions == 1
    settle(service)


def test_a_board_that_reads_anew_finds_the_same_events_without_a_person(
    api: Api, service: Service, http: TestClient, reported: dict[str, Any]
) -> None:
    board = api_of(http, service, "ABA", role="board", board="ABA")
    before = board.get("/v1/board-feed", limit=500).json["data"]
    erasure.erase(service, NPI, unread=True)
    settle(service)
    after = board.get("/v1/board-feed", limit=500).json["data"]
    without = ("learner", "learner_board_id")
    assert [{k: v for k, v in one.items() if k not in without} for one in after] == [
        {k: v for k, v in one.items() if k not in without} for one in before
    ]
    assert found_in(json.dumps(after)) == []


def test_a_dry_run_changes_nothing(api: Api, service: Service, reported: dict[str, Any]) -> None:
    planned = erasure.erase(service, NPI, unread=True, dry_run=True)
    assert planned.dry_run
    stood = stored_of_her(service)
    done = erasure.erase(service, NPI, unread=True)
    assert (planned.completions, planned.rows, planned.answers) == (done.completions, done.rows, done.answers)
    assert "completion_versions" in stood
    with pytest.raises(Conflict, match="was erased on"):
        erasure.erase(service, done.physician_id)
    with pytest.raises(NotFound):
        erasure.erase(service, "nobody")


def test_who_was_merged_into_them_goes_with_them(api: Api, service: Service, http: TestClient) -> None:
    other = {**FILED, "npi": "", "licenses": "ME-M:8837261", "certifications": "", "last_name": canary.FORMER}
    other["other_last_names"] = ""
    assert import_people(service, other).added == 1
    maine = {
        id for id, one in physicians_on_file(service).items() if any(held.board == "ME-M" for held in one.licenses)
    }
    [twin] = [id for id in maine if found_in(str(physicians_on_file(service)[id]))]
    overseer = api_of(http, service, "Overseer", role="operator")
    root = her_id(service)
    assert overseer.post(f"/v1/physicians/{twin}/merge", {"into": root}).status == 200
    api.report(her_report())
    settle(service)
    assert checks.find_faults(service) == []
    erased = erasure.erase(service, twin, unread=True)
    assert (erased.physician_id, erased.aliases) == (root, (twin,))
    assert stored_of_her(service) == {}
    assert checks.find_faults(service) == []
    for id in (root, twin):
        assert overseer.get(f"/v1/physicians/{id}").status == 404
        assert overseer.post(f"/v1/physicians/{id}/unmerge", None).status == 404
    assert all(
        one["physician_id"] not in (root, twin) for one in overseer.get("/v1/physicians", limit=500).json["data"]
    )


def test_what_changes_after_an_erasure_behind_the_services_back_is_found(
    api: Api, service: Service, reported: dict[str, Any]
) -> None:
    from tests.store.test_changed_rows import Intruder, metadata

    versions = metadata.tables["completion_versions"]
    id = reported["completion"]["completion_id"]
    mine = (versions.c.completion_id == id, versions.c.version == 1)
    intruder = Intruder(service)
    [before] = intruder.run(versions.select().where(*mine)).all()
    erasure.erase(service, NPI, unread=True)
    settle(service)
    [after] = intruder.run(versions.select().where(*mine)).all()
    assert after.document != before.document
    intruder.run(versions.update().where(*mine).values(document=before.document))
    assert any(id in fault for fault in faults(service))
    intruder.run(versions.update().where(*mine).values(document=after.document))
    assert faults(service) == []
    intruder.close()


def test_others_are_left_as_they_were(api: Api, service: Service, reported: dict[str, Any]) -> None:
    mine = api.report(a_completion()).json
    erasure.erase(service, NPI, unread=True)
    assert api.get(f"/v1/learner-completions/{mine['completion_id']}").json["learner"] == mine["learner"]
    assert api.report(a_completion()).json["outcome"] == "unchanged"


@ON_SQLITE
def test_an_erasure_that_fails_at_any_statement_is_finished_by_the_next_one(
    api: Api, service: Service, reported: dict[str, Any]
) -> None:
    failed = 0
    for failing in (0, 3, 9, 15, 21, 27, 34, 41, 48, 56, 64, 72, 80, 90, 100):
        seen = iter(range(10_000))

        def fail(_sql: str, at: int = failing, seen: Any = seen) -> None:
            if next(seen) == at:
                raise RuntimeError("killed")

        statements.BEFORE_STATEMENT.append(fail)
        try:
            erasure.erase(service, NPI, unread=True)
            break
        except RuntimeError:
            failed += 1
        finally:
            statements.BEFORE_STATEMENT.remove(fail)
        assert faults(service) == []
        assert "learners" in stored_of_her(service), "half of an erasure"
    assert failed > 5
    if "learners" in stored_of_her(service):
        erasure.erase(service, NPI, unread=True)
    assert stored_of_her(service) == {}
    assert faults(service) == []


@ON_SQLITE
def test_what_was_erased_is_overwritten_in_the_file(
    api: Api, service: Service, reported: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "pars.db"
    erasure.erase(service, NPI, unread=True)
    service.database.write(lambda connection: None)
    service.database.close()
    left = {path.name: found_in(path.read_bytes()) for path in tmp_path.glob("pars.db*")}
    assert file.name in left
    # Others of the demo world have her birth date.
    assert {form for found in left.values() for form in found} <= set(canary.DATES)


def test_who_was_found_just_before_is_judged_again(api: Api, service: Service, reported: dict[str, Any]) -> None:
    if service.database.on_sqlite:
        pytest.skip("one writer: nobody is found before it")
    id = her_id(service)
    asked = [("0008001", id)]
    ids, gone, _ = service.database.read(lambda connection: learners.learner_ids_of_standing(connection, asked))
    assert (list(ids), gone) == (asked, [])
    erasure.erase(service, id, unread=True)
    ids, gone, _ = service.database.read(lambda connection: learners.learner_ids_of_standing(connection, asked))
    assert (ids, gone) == ({}, [id])
