"""Activities and credit lines of every kind, and a plain program that sums them up as the service should."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from app.domain.batches import EntryMethod
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.reporting import pipeline
from app.store.sql import statements
from app.store.sql.values import read_date, read_instant
from tests.builders.bodies import a_completion, points
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock

TITLES = ("Grand rounds of cafés", "Café “Olé” — Ärzte 100%", "Pain management", "MOC_update", "pain, again")
PLACES = (
    {"city": "Portland", "state": "ME", "country": "USA"}, {"city": "PORTLAND", "state": "Maine", "country": "usa"},
    {"city": "Saint-Étienne", "state": None, "country": "France"}, {"city": None, "state": "TN", "country": None}, None,
)  # fmt: skip
OUTCOMES = ("learner-knowledge", "patient-health", "community-health")
PEOPLE = (
    {"first_name": "Rebecca", "last_name": "Test", "born": "02/01", "state": "TN", "license_id": "444444"},
    {"first_name": "Rebecca", "last_name": "Test", "born": "02/01", "state": "ME", "license_id": "MD9977"},
    {"first_name": "Joe", "last_name": "Accme", "born": "01/01", "state": "CA", "license_id": "94412289"},
    {"first_name": "Willa", "last_name": "Duncan", "born": "05/25", "state": "CA", "license_id": "70279062"},
)
TINA = {"first_name": "Tina", "last_name": "Karacme", "born": "11/24"}
METHODS = tuple(EntryMethod)
PROVIDER = "0008001"


def an_odd_activity(number: int) -> dict[str, Any]:
    """Return an activity whose fields differ from those of its neighbours, each with another period."""
    outcomes = [{"outcome": OUTCOMES[number % 3], "objective": True}, {"outcome": OUTCOMES[number % 2]}]
    return {
        "title": f"{TITLES[number % 5]} {number}",
        "format": ("regularly-scheduled-series", "journal-cme", "live-course")[number % 3],
        "internal_id": f"Int {number}" if number % 4 else None,
        "start_date": f"2021-{number % 9 + 1:02}-01",
        "end_date": f"2021-{min(number % 9 + 1 + number % 5, 12):02}-20",
        "ama_pra_credits": 40 if number % 7 else None,
        "delivery_methods": (["online"], ["in-person"], ["in-person", "online"], [])[number % 4],
        "location": PLACES[number % 5],
        "description": "Something." if number % 6 else None,
        "providership": ("direct", "joint", None)[number % 3],
        "joint_providers": (["Ärztehaus", "B"], ["arztehaus"], [])[number % 3] if number % 2 else None,
        "practice_areas": (["Pain Medicine"], ["Oncology", "pain medicine"], [])[number % 3],
        "moc": [{"board": "ABA", "points": 40, "credit_types": ["Lifelong Learning", "Patient Safety"],
                 "practice_areas": ["Anesthesiology"] if number % 4 else []}] if number % 2 else [],
        "rems": {"type": "Opioid"} if number % 5 == 1 else None,
        "mips": (True, False, None)[number % 3],
        "measured_outcomes": (outcomes, [], None)[number % 3],
        "listing": {"public": True} if number % 8 else None,
        "commercial_support": [],
        "learner_counts": {"physicians": 0, "others": 0},
        "joint_accreditation": (None, {"interprofessional": True}, {"interprofessional": False}, {})[number % 4],
    }  # fmt: skip


def report(service: Service, body: dict[str, Any], method: EntryMethod) -> list[str]:
    """Report a completion as it comes in by some method; return the ids of its credits, none where it was refused."""
    given = CompletionIn.model_validate(body).as_report(PROVIDER, service.clock(), method)
    (result,) = transact(operator(service, PROVIDER), lambda work: pipeline.submit([work], [given]))
    return [credit.credit_id for credit in result.completion.credits] if result.completion is not None else []


def build(api: Api, service: Service, clock: ManualClock, activities: int = 14) -> list[str]:
    """Make activities and lines of every status, board, method and day; return the activities' ids."""
    ids = [
        api.register(**{name: value for name, value in an_odd_activity(number).items() if value is not None}).json[
            "activity_id"
        ]
        for number in range(activities)
    ]
    credits: list[str] = []
    clock.now = datetime(2021, 12, 1, 23, 30, tzinfo=UTC)
    for number, (activity_id, person) in enumerate(product(ids, range(len(PEOPLE) + 1))):
        if number % 4 == 3:
            continue
        clock.now += timedelta(hours=5)
        shown = api.get(f"/v1/activities/{activity_id}").json
        day = date.fromisoformat(shown["start_date"]) + timedelta(days=number % 12)
        given: dict[str, Any] = dict(PEOPLE[person]) if person < len(PEOPLE) else dict(TINA)
        if person == len(PEOPLE):
            types = {"Lifelong_Learning": 0.5} if number % 2 else {"Lifelong_Learning": 0.5, "Patient_Safety": 0.5}
            given |= {"credits": None, "moc": [points("ABA", total=0.5, **types)]}
        else:
            given["credits"] = number % 3 + 0.25
        credits += report(service, a_completion(activity_id, day.isoformat(), **given), METHODS[number % len(METHODS)])
    for number, credit_id in enumerate(dict.fromkeys(credits)):
        if number % 3:
            decide(service, credit_id, "accepted" if number % 3 == 1 else "rejected")
    for place, completion in enumerate(api.completions(limit=500, activity_id=ids)):
        if place % 7 == 0:
            api.delete(f"/v1/learner-completions/{completion['completion_id']}")
    for activity_id in ids[::2]:
        api.post(f"/v1/activities/{activity_id}/close", None)
    settle(service)
    return ids


class Rows:
    """All that stands of a provider, read row by row, and summed up without the service's help."""

    def __init__(self, api: Api, service: Service) -> None:
        listed = api.get("/v1/activities", limit=500).json["data"]
        self.activities = {activity["activity_id"]: activity for activity in listed}
        self.lines = service.database.read(lambda connection: list(self._lines(connection)))
        self.completions = service.database.read(
            lambda conn: statements.fetch(
                conn, "SELECT activity_id, subject FROM completions WHERE withdrawn_at IS NULL AND provider_id = :id",
                {"id": PROVIDER},
            )
        )  # fmt: skip

    def _lines(self, connection: Any) -> Iterator[dict[str, Any]]:
        types: dict[str, set[str]] = {}
        for credit_id, name in statements.fetch(connection, "SELECT credit_id, credit_type FROM credit_types"):
            types.setdefault(credit_id, set()).add(name)
        for credit_id, *rest, day, at in statements.fetch(
            connection,
            "SELECT x.credit_id, c.activity_id, c.subject, x.board, x.kind, x.status, x.quarters, c.entry_method, "
            "c.completed_on, c.submitted_at FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
            "WHERE x.status <> 'withdrawn' AND c.provider_id = :id",
            {"id": PROVIDER},
        ):
            names = ("activity_id", "subject", "board", "kind", "status", "quarters", "entry_method")
            yield {
                **dict(zip(names, rest, strict=True)), "completed_on": read_date(day), "submitted_at": read_instant(at),
                "credit_types": types.get(credit_id, set()),
            }  # fmt: skip

    def summed(self, asked: dict[str, Any]) -> dict[str, tuple[float, ...]]:
        """Return (accepted, rejected, pending, persons, credits) of each activity that a query keeps."""
        narrowed = any(name in asked for name in LINE_FILTERS)
        found: dict[str, tuple[float, ...]] = {}
        for activity_id, activity in self.activities.items():
            if not all(self._fits(activity, name, value) for name, value in asked.items() if name not in LINE_FILTERS):
                continue
            lines = [line for line in self.lines if line["activity_id"] == activity_id and line_fits(line, asked)]
            if narrowed and not lines:
                continue
            whose = {line["subject"] for line in lines} if narrowed else {
                subject for activity, subject in self.completions if activity == activity_id
            }  # fmt: skip
            counts = [sum(line["status"] == status for line in lines) for status in ("accepted", "rejected", "pending")]
            held = sum(line["quarters"] for line in lines if line["status"] != "rejected") / 4
            found[activity_id] = (*counts, len(whose), held)
        return found

    def _fits(self, activity: dict[str, Any], name: str, value: Any) -> bool:
        key = plain
        place = activity["location"] or {"city": None, "state": None, "country": None}
        match name:
            case "q":
                ids = (activity["activity_id"], activity["internal_id"])
                return value in ids or all(key(word) in key(activity["title"]) or word in ids for word in value.split())
            case "activity_format":
                return activity["format"] in value
            case "providership":
                return activity["providership"] in value
            case "joint_provider":
                return bool({*map(key, value)} & {*map(key, activity["joint_providers"])})
            case "practice_area":
                areas = [activity["practice_areas"], *(registered["practice_areas"] for registered in activity["moc"])]
                return bool({*map(key, value)} & {key(area) for some in areas for area in some})
            case "moc" | "rems" | "mips":
                return bool(activity[name]) is (value == "true")
            case "interprofessional":
                joint = activity["joint_accreditation"] or {}
                return bool(joint.get("interprofessional")) is (value == "true")
            case "activity_status":
                return activity["status"] in value
            case "activity_from":
                return bool(activity["end_date"] >= value)
            case "activity_to":
                return bool(activity["start_date"] <= value)
            case "outcome":
                return any(measured["outcome"] in value for measured in activity["measured_outcomes"] or [])
            case "state":
                return key(place["state"] or "") in {"me", "maine"} if value == ["maine"] else place["state"] in value
            case _:
                return key(place[name] or "") in map(key, value)


def plain(text: str) -> str:
    """Return a text as people compare it: without case and accents."""
    for mark in "“”":
        text = text.replace(mark, '"')
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("—", "-")


LINE_FILTERS = (
    "board", "kind", "status", "entry_method", "credit_type", "completed_from", "completed_to", "submitted_from",
    "submitted_to",
)  # fmt: skip


def line_fits(line: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether a line is one that a query counts."""
    submitted = line["submitted_at"].strftime("%Y-%m-%dT%H:%M:%SZ")
    tests = {
        "board": lambda value: line["board"] in value,
        "kind": lambda value: line["kind"] in value,
        "status": lambda value: line["status"] in value,
        "entry_method": lambda value: line["entry_method"] in value,
        "credit_type": lambda value: bool(line["credit_types"] & set(value)),
        "completed_from": lambda value: line["completed_on"].isoformat() >= value,
        "completed_to": lambda value: line["completed_on"].isoformat() <= value,
        "submitted_from": lambda value: submitted >= value,
        "submitted_to": lambda value: submitted[: len(value)] <= value,
    }
    return all(test(asked[name]) for name, test in tests.items() if name in asked)
