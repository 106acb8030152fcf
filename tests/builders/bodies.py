"""JSON bodies of requests, with every argument defaulted."""

from __future__ import annotations

from typing import Any

GRAND_ROUNDS = "201759558"
COURSE = "200912095"


def a_completion(
    activity_id: str | None = GRAND_ROUNDS,
    completed_on: str | None = "2021-12-12",
    *,
    first_name: str | None = "Rebecca",
    last_name: str | None = "Test",
    born: str | None = "02/01",
    state: str | None = "TN",
    license_id: str | None = "444444",
    credits: Any = 2,
    moc: list[dict[str, Any]] | None = None,
    reference: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Rebecca Test's two hours of Grand Rounds, unless told otherwise. `credits=None` leaves CME out."""
    body: dict[str, Any] = {
        "activity_id": activity_id,
        "completed_on": completed_on,
        "permission": True,
        "learner": {"first_name": first_name, "last_name": last_name, "date_of_birth": born},
        "cme": [{"state": state, "license_id": license_id, "credits": credits}] if credits is not None else [],
    }
    if reference is not None:
        body["cme"][0]["client_reference"] = reference
    if moc is not None:
        body["moc"] = moc
    return body | more


def points(board: str = "ABA", board_id: str | None = "35867909", total: Any = 0.25, **types: Any) -> dict[str, Any]:
    """Points of a board; types are named by keyword, underscores for spaces."""
    named = {name.replace("_", " "): amount for name, amount in types.items()} or {"Lifelong Learning": total}
    return {
        "board": board,
        "board_id": board_id,
        "total_credits": total,
        "credit_types": [{"type": name, "credits": amount} for name, amount in named.items()],
    }


def tina(completed_on: str = "2021-12-01", total: Any = 0.25, **more: Any) -> dict[str, Any]:
    """Tina Karacme's ABA points in Grand Rounds."""
    person: dict[str, Any] = {"first_name": "Tina", "last_name": "Karacme", "born": "11/24"}
    return a_completion(completed_on=completed_on, credits=None, moc=[points(total=total)], **person, **more)


def john(patient_safety: Any = 2.25, **more: Any) -> dict[str, Any]:
    """The sample row of the Excel template: John Smith, 2.25 CME in Tennessee and 2.25 ABIM points."""
    types = {"Medical_Knowledge": 2.25, "Patient_Safety": patient_safety}
    return a_completion(
        COURSE,
        "2021-02-14",
        first_name="John",
        last_name="Smith",
        born="03/17",
        license_id="12345",
        credits=2.25,
        moc=[points("ABIM", "999999", 2.25, **types)],
        **more,
    )


def an_activity(**fields: Any) -> dict[str, Any]:
    """A complete live course of 2021 with ten credits, unless told otherwise; a field given as None is left out."""
    body = {
        "title": "A course",
        "format": "live-course",
        "start_date": "2021-01-01",
        "end_date": "2021-12-31",
        "ama_pra_credits": 10,
        "delivery_methods": ["online"],
        "description": "A course of the tests.",
        "providership": "direct",
        "listing": {"public": False},
    } | fields
    return {name: value for name, value in body.items() if value is not None}
