"""Lines of JSON with the records of another system, as exports have them."""

from __future__ import annotations

from typing import Any

from tests.builders.bodies import GRAND_ROUNDS

PROVIDER = "0008001"
OWN = "01890a5d-ac96-7{:0>3}-bcce-b302099a8057"
"""Ids as an installation of this service gives them."""


def a_past_credit(number: int = 1, **fields: Any) -> dict[str, Any]:
    """CME of Tennessee, accepted."""
    return {
        "credit_id": OWN.format(f"b{number:02}"), "kind": "cme", "board": "TN-M", "learner_board_id": "444444",
        "credits": 2.0, "credit_types": [], "client_references": [], "status": "accepted", "delivery": "board",
        "status_reason": None, "status_text": None, "status_at": "2021-12-14T08:00:00.250000Z",
    } | fields  # fmt: skip


def past_points(number: int = 2, **fields: Any) -> dict[str, Any]:
    """Points of Tina Karacme's."""
    return a_past_credit(
        number,
        **{
            "kind": "moc", "board": "ABA", "learner_board_id": "35867909", "credits": 0.25,
            "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
        }
        | fields,
    )  # fmt: skip


def a_past_completion(number: int = 1, *credits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Rebecca Test's hours of grand rounds, as an export has them."""
    return {
        "completion_id": OWN.format(f"a{number:02}"), "activity_id": GRAND_ROUNDS, "provider_id": PROVIDER,
        "completed_on": "2021-12-12", "occasion": 1, "submitted_at": "2021-12-13T09:30:00.125000Z",
        "entry_method": "excel",
        "learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01", "npi": None,
                    "learner_id": "lrn_of_another_installation"},
        "credits": list(credits) or [a_past_credit()], "rems": None, "version": 4,
    } | fields  # fmt: skip


TINA = {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24", "npi": None, "learner_id": None}
