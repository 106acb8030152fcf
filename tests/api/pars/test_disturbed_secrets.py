"""Documents that were disturbed, and cut off anywhere, tell nobody what they hold: neither secrets nor who it is about.

`make drill-documents` tries many more.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from app.domain.batches import Element
from app.files.shapes import learner_reports
from app.files.shapes.json_form import elements_of
from app.models.base import metadata
from app.services.context import Service
from tests.api.pars.documents import LEARNERS, records
from tests.builders.disturbed_documents import as_json, as_xml, disturbed
from tests.builders.pars_documents import JSON, XML, report
from tests.builders.people import import_people
from tests.harness.api import Answer, Api, settle
from tests.harness.canary import BOARD_ID, FILED, FIRST, LAST, LICENSE, found_in, her_report
from tests.harness.properties import TIMES

RECORDS = 30
DOCUMENTS = 2 * TIMES
SECRETS = {"User": "canary-user-Xylograph", "Password": "pars_live_Canary7Zk3vJb0mWc7xZr5tY2kLh9Qp1sVf8nDg4"}
AROUND = ("ACCMELearnerReports", "ActivityReports")


def written(seed: int, form: str) -> bytes:
    """A document about her with secrets in every record, and around them, disturbed in its parts."""
    chance = random.Random(seed)
    body = her_report()
    del body["learner"]["npi"]
    given = report(body)
    given["XtensibleInfo"] |= SECRETS
    (element,) = elements_of(json.loads(json.dumps(given)), learner_reports.REPORT, 16)
    sent = [
        element,
        *(_with_secrets(disturbed(element, chance, chance.randrange(1, 7)), chance) for _ in range(RECORDS)),
    ]
    beside = {"n": AROUND[0], "c": [{"n": name, "t": text} for name, text in SECRETS.items()]}
    if form == XML:
        return as_xml([*beside["c"], *sent], *AROUND)
    inner = json.loads(as_json(sent, learner_reports.REPORT, *AROUND))
    inner[AROUND[0]] |= SECRETS
    return json.dumps(inner).encode()


def _with_secrets(element: Element, chance: random.Random) -> Element:
    """Return a record with the secrets within any of its elements, too."""
    around = chance.choice([one for one in _walk(element) if one.get("c")])
    around["c"] += [{"n": chance.choice((name, name.lower())), "t": text} for name, text in SECRETS.items()]
    return element


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element.get("c", ()):
        yield from _walk(child)


def send(api: Api, content: bytes, form: str) -> Answer:
    return api.send("POST", f"{LEARNERS}?on_unmatched=hold", headers={"Content-Type": form}, content=content)


@pytest.mark.parametrize("form", [JSON, XML])
def test_disturbed_documents_tell_nobody_what_they_hold(api: Api, service: Service, form: str) -> None:
    import_people(service, FILED)
    answers, cut_off = [], []
    with structlog.testing.capture_logs() as lines:
        for seed in range(DOCUMENTS):
            content = written(seed, form)
            answers.append(send(api, content, form))
            chance = random.Random(seed)
            cut_off += [send(api, content[: chance.randrange(len(content))], form) for _ in range(8)]
        metrics = api.http.get("/metrics").text
    # All were read, and the one that was not disturbed was reported.
    assert [len(records(answer)) for answer in answers] == [1 + RECORDS] * DOCUMENTS
    assert records(answers[0])[0]["Outcome"] == "created"
    assert {answer.status for answer in cut_off} <= {400, 422}
    told = [answer.response.text for answer in (*answers, *cut_off)]
    for content in (repr(lines), metrics, *(f"{answer.response.headers}" for answer in answers), *told):
        assert [word for word in (*SECRETS.values(), FIRST, LAST, LICENSE, BOARD_ID) if word in content] == []
        assert found_in(content) == []
    for name, rows in _stored(service).items():
        assert [word for word in SECRETS.values() if word in rows] == [], name
    settle(service)


def _stored(service: Service) -> dict[str, str]:
    def read(connection: Any) -> dict[str, str]:
        return {
            name: repr([[bytes(one) if isinstance(one, memoryview) else one for one in row] for row in rows])
            for name, rows in ((name, connection.execute(select(table))) for name, table in metadata.tables.items())
        }

    return service.database.read(read)
