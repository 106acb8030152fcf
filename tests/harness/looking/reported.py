"""Records of three years at a provider, made by its doors, and what a report finds among them as plain rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from app.services.context import Service
from tests.builders.bodies import a_completion, points
from tests.harness.api import Api
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock

PEOPLE: list[dict[str, Any]] = [
    {},
    {"first_name": "Joe", "last_name": "Accme", "born": "01/01", "state": "CA", "license_id": "94412289"},
    {"first_name": "Willa", "last_name": "Duncan", "born": "05/25", "state": "CA", "license_id": "70279062"},
]
TINA = {"first_name": "Tina", "last_name": "Karacme", "born": "11/24", "credits": None}
FORMATS = ("live-course", "enduring-material", "journal-cme")


class World:
    """A provider's records of three years, and what was reported, in plain rows."""

    def __init__(self, api: Api, service: Service, clock: ManualClock) -> None:
        self.api = api
        draw = random.Random(18)
        self.activities: dict[str, dict[str, Any]] = {}
        for number in range(14):
            start = date(2019 + number % 3, 1, 1 + number)
            end = start + timedelta(days=draw.choice((10, 200, 360)))
            fields: dict[str, Any] = {
                "format": FORMATS[number % 3], "start_date": start.isoformat(), "end_date": end.isoformat(),
                "internal_id": f"own-{number}", "ama_pra_credits": 50,
                "moc": [{"board": "ABA", "points": 50, "credit_types": ["Lifelong Learning"]}] if number % 2 else None,
                "learner_counts": draw.choice((None, {"physicians": draw.choice((0, 1, 2, 9)), "others": 3})),
                "description": draw.choice((None, "A course of the tests.")) if number % 5 == 0 else "A course.",
            }  # fmt: skip
            made = api.register(**fields)
            assert made.status == 201, made.json
            self.activities[made.json["activity_id"]] = fields
        today = clock.now
        self._report(api, service, clock, draw)
        clock.now = today
        for activity_id, fields in list(self.activities.items())[2:12:2]:
            if fields["end_date"] >= today.date().isoformat():
                continue
            complete = {"description": "Complete.", "measured_outcomes": [], "commercial_support": []} | (
                {} if fields["learner_counts"] else {"learner_counts": {"physicians": 3}}
            )
            path = f"/v1/activities/{activity_id}"
            assert api.send("PATCH", path, {"If-Match": "*"}, json=complete).status == 200
            closed = api.send("POST", f"{path}/close")
            assert closed.status == 200, closed.json
        self.today = clock.now.date()
        self.records = [self._record(completion) for completion in self._completions()]
        self.shown = {row["activity_id"]: row for row in api.get("/v1/activities", limit=500).json["data"]}

    def _report(self, api: Api, service: Service, clock: ManualClock, draw: random.Random) -> None:
        open_ids = [id for id, fields in self.activities.items() if fields["description"]]
        credits: list[str] = []
        for number in range(40):
            activity_id = draw.choice(open_ids[:-3])
            fields = self.activities[activity_id]
            start, end = date.fromisoformat(fields["start_date"]), date.fromisoformat(fields["end_date"])
            day = start + timedelta(days=draw.randrange((end - start).days))
            clock.now = clock.now.replace(year=day.year, month=day.month, day=day.day) + timedelta(
                days=draw.choice((0, 29, 30, 31, 32, 400))
            )
            if number % 3 == 2 and fields["moc"]:
                body = a_completion(activity_id, day.isoformat(), moc=[points(total=1)], **TINA)
            else:
                body = a_completion(activity_id, day.isoformat(), **draw.choice(PEOPLE))
            answer = api.report(body)
            if answer.status == 201:
                credits += [credit["credit_id"] for credit in answer.json["credits"]]
                if draw.random() < 0.1:
                    api.send("DELETE", f"/v1/learner-completions/{answer.json['completion_id']}")
                elif draw.random() < 0.4:
                    decide(service, credits[-1], draw.choice(("accepted", "rejected")))
                    if draw.random() < 0.4:
                        api.report(body)

    def _completions(self) -> list[dict[str, Any]]:
        return self.api.completions(limit=500)

    def _record(self, completion: dict[str, Any]) -> dict[str, Any]:
        return completion | {"person": completion["learner"]["learner_id"]}

    def lines(self, **query: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield (completion, credit) of what a filter leaves; a rejected credit only where nothing replaced it."""
        for completion in self.records:
            held = {credit["board"] for credit in completion["credits"] if credit["status"] in ("accepted", "pending")}
            for credit in completion["credits"]:
                if credit["status"] == "withdrawn":
                    continue
                format = self.shown[completion["activity_id"]]["format"]
                if (
                    query.get("year") in (None, date.fromisoformat(completion["completed_on"]).year)
                    and query.get("board") in (None, credit["board"])
                    and query.get("activity_format") in (None, format)
                ):
                    yield completion, credit | {
                        "format": format, "replaced": credit["status"] == "rejected" and credit["board"] in held,
                    }  # fmt: skip

    def kept(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the activities that a filter leaves, with their persons."""
        for activity_id, shown in self.shown.items():
            year, board = query.get("year"), query.get("board")
            if year and not (shown["start_date"][:4] <= str(year) <= shown["end_date"][:4]):
                continue
            if board and board not in {registration["board"] for registration in shown["moc"]}:
                continue
            if query.get("activity_format") not in (None, shown["format"]):
                continue
            persons = {record["person"] for record in self.records if record["activity_id"] == activity_id}
            yield shown | {"persons": len(persons)}
