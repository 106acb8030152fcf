"""Completions as documents under `/pars`, XML and JSON, against the same records by the plain API, in the same run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

from app.files.elements import render
from app.files.shapes.envelopes import DEEPEST
from app.files.shapes.json_form import elements_of
from app.files.shapes.learner_reports import DOCUMENT
from benchmarks.http_calls import ROUNDS
from benchmarks.probes import load
from benchmarks.probes.load import Load
from benchmarks.table import Row, at_most
from benchmarks.world.installation import World, served, world

PATH = "/pars/learner-activities"
PLAIN = "/v1/learner-completions"
PHYSICIANS = 10_000
SINGLE = 150
"""Requests of one record a round."""
TOGETHER = 500
BULKS = 4
"""Requests of so many records a round."""
MOST = 1.3
"""How much longer a document may take than the same records by the plain API."""
_DOORS = 3


def rows(database: str) -> Iterator[Row]:
    """Measure one record, then five hundred, at one connection."""
    with ExitStack() as stack:
        installed = stack.enter_context(world(database, PHYSICIANS))
        ours = stack.enter_context(served("app.server:process", installed.environment))
        bodies = iter(installed.bodies(ROUNDS * _DOORS * (SINGLE + BULKS * TOGETHER)))
        yield from _compared(installed, database, ours, bodies, 1)
        yield from _compared(installed, database, ours, bodies, TOGETHER)


def _compared(installed: World, database: str, ours: int, bodies: Iterator[bytes], together: int) -> Iterator[Row]:
    count = SINGLE if together == 1 else BULKS
    plain = PLAIN if together == 1 else f"{PLAIN}:bulk"

    def sent(path: str, write: Callable[[list[bytes]], bytes]) -> Callable[[], Load]:
        def run() -> Load:
            documents = [write(list(islice(bodies, together))) for _ in range(count)]
            return load.run(ours, path, installed.key, documents, 1)

        return run

    measured = load.alternately(
        ROUNDS,
        {
            "plain": sent(plain, _plain if together == 1 else _bulk),
            "JSON": sent(PATH, _json),
            "XML": sent(PATH, _xml),
        },
    )
    for form in ("JSON", "XML"):
        named = f"document of {together}, {form}, p50, 1 c., {database}"
        yield at_most(
            named, f"{plain.rpartition('/')[2]}, same records", measured[form].p50, measured["plain"].p50, MOST
        )


def _plain(bodies: list[bytes]) -> bytes:
    (body,) = bodies
    return body


def _bulk(bodies: list[bytes]) -> bytes:
    return b'{"items":[' + b",".join(bodies) + b"]}"


def _json(bodies: list[bytes]) -> bytes:
    return json.dumps({DOCUMENT.name: _document(bodies)}).encode()


def _xml(bodies: list[bytes]) -> bytes:
    (element,) = elements_of(_document(bodies), DOCUMENT, DEEPEST)
    # A request is one line here.
    return render(element, {}).replace("\n", "").encode()


def _document(bodies: list[bytes]) -> dict[str, Any]:
    return {"ActivityReports": {"ActivityReport": [_report(json.loads(body)) for body in bodies]}}


def _report(body: dict[str, Any]) -> dict[str, Any]:
    learner, (part,) = body["learner"], body["cme"]
    return {
        "Member": {
            "Name": {"GivenName": learner["first_name"], "FamilyName": learner["last_name"]},
            "PersonalInfo": {"BirthDate": learner["date_of_birth"]},
        },
        "Activity": {
            "Module": {
                "ModuleName": {"value": "Measured", "moduleID": body["activity_id"]},
                "Status": "Completed",
                "CompletedDateTime": body["completed_on"],
                "CreditCertificate": [
                    {
                        "UniqueID": {"value": part["license_id"], "domain": part["state"]},
                        "CreditReceived": {
                            "activityCertification": "AMA PRA Category 1",
                            "creditUnit": "Point",
                            "numberOfCredits": part["credits"],
                        },
                    }
                ],
            }
        },
        "XtensibleInfo": {"LearnerRecordAction": "add"},
    }
