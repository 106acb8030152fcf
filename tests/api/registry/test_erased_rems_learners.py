"""A learner of REMS education, known by a provider's own id, is erased: nothing is left of the id and the name."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
from sqlalchemy import Connection, text

from app.core.errors import NotFound
from app.domain.batches import RawRow
from app.services.access.rems_erasure import erase_rems_learner
from app.services.context import Service
from app.services.operations import checks
from app.store import batches
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.commands import run_command
from tests.harness.uploads import worked

OURS, THEIRS = "0008001", "0008123"
LOCAL, NAME = "QZX-4711", "Wyllowmere"
COMPLETIONS = "/v1/learner-completions"


def a_record(course: str, local_id: str = LOCAL, day: str = "2021-03-01", **answers: Any) -> dict[str, Any]:
    part = {"local_id": local_id, "profession": "Nurse"} | answers
    return a_completion(course, day, credits=None, learner={"first_name": "Ada", "last_name": NAME}, rems=part)


def lines(*bodies: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(body).encode() for body in bodies)


def stored_of(service: Service, *wanted: str) -> set[str]:
    """Return the tables in which one of some texts stands, pieces of files unpacked."""

    def read(connection: Connection) -> set[str]:
        found: set[str] = set()
        inspected = service.database.engine.dialect.get_table_names(connection)  # type: ignore[no-untyped-call]
        for table in inspected:
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                shown = " ".join(str(value) for value in row)
                if any(one.lower() in shown.lower() for one in wanted):
                    found.add(table)
        for batch in batches.with_records(connection, "", None, 100):
            rows: list[tuple[int, RawRow]] = batches.records(connection, batch, 1, 100)
            if any(one in str(row.raw) for _, row in rows for one in wanted):
                found.add("batch_pieces")
        return found

    return service.database.read(read)


@pytest.fixture
def course(api: Api, service: Service) -> str:
    """Records of hers by a request, corrected, withdrawn, and by a file beside somebody else's."""
    made: str = api.register(rems={"type": "Opioid"}).json["activity_id"]
    sent = api.report(a_record(made, state="TN"), Idempotency_Key="once").json["completion_id"]
    tag = {"If-Match": api.get(f"{COMPLETIONS}/{sent}").response.headers["ETag"]}
    corrected = api.send("PUT", f"{COMPLETIONS}/{sent}", headers=tag, json=a_record(made, practice_area="Pain"))
    assert corrected.status == 200, corrected.json
    gone = api.report(a_record(made, day="2021-03-09")).json["completion_id"]
    assert api.delete(f"{COMPLETIONS}/{gone}").status == 204
    batch = worked(api, service, lines(
        a_record(made, day="2021-04-01"), a_record(made, "N-2", "2021-04-01"), a_record(made, day="2022-04-01"),
    ))  # fmt: skip
    assert batch["counts"]["added"] == 2, batch
    settle(service)
    return made


def test_nothing_of_the_id_and_the_name_is_left(api: Api, service: Service, course: str) -> None:
    other = api_of(api.http, service, "another", providers=[THEIRS])
    theirs = other.register(rems={"type": "Opioid"}).json["activity_id"]
    assert other.report(a_record(theirs)).status == 201
    assert {"completions", "completion_versions"} <= stored_of(service, LOCAL)
    planned = erase_rems_learner(service, OURS, f" {LOCAL} ", dry_run=True)
    assert (planned.completions, planned.rows) == (3, 2)
    assert api.get(COMPLETIONS, activity_id=course).json["data"][0]["rems"]["local_id"] is not None
    erased = erase_rems_learner(service, OURS, LOCAL)
    assert (erased.completions, erased.rows, len(erased.originals)) == (3, 2, 1)
    kept = other.get(COMPLETIONS).json["data"][0]
    assert kept["rems"]["local_id"] == LOCAL
    assert other.delete(f"{COMPLETIONS}/{kept['completion_id']}").status == 204
    erase_rems_learner(service, THEIRS, LOCAL)
    assert stored_of(service, LOCAL) == set()
    settle(service)
    assert checks.find_faults(service) == []
    with pytest.raises(NotFound):
        erase_rems_learner(service, OURS, LOCAL)


def test_answers_and_dates_stand_and_others_keep_their_records(api: Api, service: Service, course: str) -> None:
    erase_rems_learner(service, OURS, LOCAL)
    shown = api.get(COMPLETIONS, activity_id=course).json["data"]
    hers = [one for one in shown if one["rems"]["local_id"] is None]
    assert sorted(one["completed_on"] for one in hers) == ["2021-03-01", "2021-04-01"]
    assert [one["learner"]["last_name"] for one in hers] == [None, None]
    assert {one["rems"]["profession"] for one in hers} == {"Nurse"}
    assert [one["rems"]["local_id"] for one in shown if one not in hers] == ["N-2"]
    history = api.get(f"{COMPLETIONS}/{hers[0]['completion_id']}/history")
    assert history.json["data"][0]["action"] == "erased"
    assert LOCAL not in history.response.text
    assert api.report(a_record(course)).json["outcome"] == "created", "whoever comes again is somebody new"
    assert api.delete(f"{COMPLETIONS}/{hers[0]['completion_id']}").status == 204
    settle(service)
    assert checks.find_faults(service) == []


def test_an_erased_person_still_counts_once(api: Api, service: Service) -> None:
    made = api.register(rems={"type": "Opioid"}).json["activity_id"]
    for number in range(5):
        for day in ("2021-03-01", "2021-03-02"):
            assert api.report(a_record(made, f"N-{number}", day)).status == 201
    settle(service)
    before = api.get("/v1/reports/rems", year=2021).json
    assert (before["persons"], before["completions"]) == (5, 10)
    erase_rems_learner(service, OURS, "N-0")
    assert api.get("/v1/reports/rems", year=2021).json == before


def test_files_that_were_never_read_go_of_this_provider_alone(api: Api, service: Service, course: str) -> None:
    other = api_of(api.http, service, "another", providers=[THEIRS])
    sent = [worked(whose, service, f"{LOCAL} is in no column".encode()) for whose in (api, other)]
    assert {batch["status"] for batch in sent} == {"failed"}, sent
    erase_rems_learner(service, OURS, LOCAL)
    ours, theirs = (f"/v1/batches/{batch['batch_id']}/files/original" for batch in sent)
    assert (api.get(ours).status, other.get(theirs).status) == (410, 200)


def test_nobody_is_known_by_another_id(service: Service, course: str) -> None:
    for provider_id, local_id in ((OURS, "QZX"), (THEIRS, LOCAL), ("0000000", LOCAL)):
        with pytest.raises(NotFound):
            erase_rems_learner(service, provider_id, local_id)


def test_the_command_tells_what_goes_before_it_erases(api: Api, service: Service, course: str) -> None:
    settings = service.settings
    assert settings.secret_key is not None
    environment = os.environ | {
        "PARS_DATABASE_URL": settings.database_url, "PARS_DATA_DIR": str(settings.data_dir),
        "PARS_SECRET_KEY": settings.secret_key,
    }  # fmt: skip

    def erase(*options: str) -> subprocess.CompletedProcess[str]:
        return run_command("learner", "erase", LOCAL, "--provider", OURS, *options, environment=environment)

    planned = erase("--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "names and numbers in 3 completions" in planned.stdout
    assert LOCAL not in planned.stdout
    done = erase("--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Erased.")
    again = erase("--yes")
    assert again.returncode != 0
    assert "known by this id alone" in again.stderr
