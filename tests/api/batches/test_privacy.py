"""What is said of a file's records: every fault, and never what a cell holds about a person."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from app.domain.columns import EXTRAS, LEARNERS, REMS
from app.services.context import Service
from app.store.sql import statements
from app.store.sql.values import read_document
from tests.builders.bodies import a_completion, points
from tests.builders.headings import ONE_BOARD
from tests.builders.sent_files import ROW, lines, tab_text, workbook
from tests.harness.api import Api
from tests.harness.uploads import rows_of, upload, work_through, worked

MARK = "Zyzzyva"


def everything_said(api: Api, service: Service, batch: Any, capture: pytest.CaptureFixture[str]) -> str:
    """Rows with their findings, the batch, the audit log and the logs, as one text."""
    audit = service.database.read(
        lambda connection: statements.fetch(connection, "SELECT fields, subject_id FROM audit")
    )
    printed = capture.readouterr()
    return "\n".join([json.dumps(rows_of(api, batch)), json.dumps(batch), repr(audit), printed.out, printed.err])


@pytest.mark.parametrize("kind", ["learner-completions", "learner-validations"])
def test_of_a_wrong_cell_its_content_is_never_told(
    api: Api, service: Service, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    headings = [*ONE_BOARD, *(column.heading for column in (*REMS, *EXTRAS))]
    long = MARK + "x" * 5_000
    spoiled = [
        ROW | {name: value}
        for name in dict.fromkeys(headings)
        for value in (MARK, f"13/45/{MARK}", f"={MARK}", f"{MARK}\u202e", long)
    ]
    spoiled.append(dict.fromkeys(headings, MARK))
    if kind == "learner-validations":
        headings = ["First Name", "Last Name", "Date of Birth", "Licensing State", "Licensing ID", "Certifying Board",
                    "Certifying Board ID", "NPI", "Medical School"]  # fmt: skip
        spoiled = [ROW | {"Record Action": None, name: value} for name in headings for value in (MARK, long)]
    batch = worked(api, service, tab_text(spoiled, headings), kind)
    assert batch["status"] == "completed", batch
    assert batch["counts"]["read"] == len(spoiled)
    assert MARK not in everything_said(api, service, batch, capfd)


def test_of_a_wrong_line_or_element_its_content_is_never_told(
    api: Api, service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    builder: Any = a_completion
    bodies: list[Any] = [
        builder(**{name: MARK})
        for name in ("activity_id", "completed_on", "first_name", "last_name", "born", "state", "license_id", "credits",
                     "reference")
    ]  # fmt: skip
    bodies += [a_completion(moc=[points(board_id=MARK), points(MARK), points("ABA", None, 1, Zyzzyva=1)])]
    bodies += [
        a_completion() | {"learner": MARK},
        a_completion() | {"learner": {"npi": MARK}},
        {"cme": MARK},
        MARK,
        [MARK],
    ]
    content = lines(bodies) + f'{{"first_name": "{MARK}\n{MARK}: "\n'.encode()
    batch = worked(api, service, b"{}\n" + content)
    assert batch["counts"]["rejected"] >= len(bodies)
    assert MARK not in everything_said(api, service, batch, capfd)


def test_of_a_file_that_is_refused_its_content_is_never_told(
    api: Api, service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    for content in (
        tab_text([ROW], [MARK, *(learner.heading for learner in LEARNERS[1:])]),
        tab_text([{MARK: MARK}], [MARK]),
        workbook([{MARK: MARK}], [MARK], guidance=MARK),
        f"<{MARK}><a>{MARK}</a></{MARK}>".encode(),
        f"<ACCMELearnerReports><{MARK}>".encode(),
        f'<!DOCTYPE a [<!ENTITY {MARK} "x">]><a>&{MARK};</a>'.encode(),
        f"{MARK}\x00{MARK}".encode(),
        f'{{"a": "{MARK}'.encode(),
    ):
        sent = upload(api, content)
        work_through(service)
        batch = api.get(f"/v1/batches/{sent.json['batch_id']}").json
        assert MARK not in everything_said(api, service, batch, capfd), content


def test_the_audit_log_holds_no_digest_by_which_a_short_file_could_be_guessed(api: Api, service: Service) -> None:
    content = tab_text([ROW])
    batch_id = upload(api, content).json["batch_id"]
    ((fields,),) = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT fields FROM audit WHERE verb = 'upload' AND subject_id = :id", {"id": batch_id}
        )
    )
    assert len(read_document(fields)["digest"]) == 64
    assert hashlib.sha256(content).hexdigest() not in repr(fields)
