"""One person who is on file twice: with a licence of each of two boards, as two sources know them."""

from __future__ import annotations

from typing import Any

from app.domain.identity.merges import MergePlan
from app.services.context import Service, operator, transact
from app.services.registry import merging
from tests.builders.bodies import a_completion, points
from tests.builders.people import import_people, physicians_on_file

ANN = {
    "first_name": "Ann", "last_name": "Twice", "date_of_birth": "05/06", "licenses": "TN-M:A1",
    "certifications": "ABA:35860002",
}  # fmt: skip
ANNE = {
    "first_name": "Anne", "last_name": "Twice", "date_of_birth": "05/06", "licenses": "ME-M:A2",
    "certifications": "ABA:35860001", "npi": "1000000004",
}  # fmt: skip


def import_twice(service: Service) -> tuple[str, str]:
    """Import Ann of Tennessee and Anne of Maine, who are one; return their ids."""
    counts = import_people(service, ANN, ANNE, source="roster.csv")
    assert (counts.added, counts.refused) == (2, [])
    by_name = {next(iter(who.names)): id for id, who in physicians_on_file(service).items()}
    return by_name["twice", "ann"], by_name["twice", "anne"]


def ann(completed_on: str = "2021-12-12", credits: Any = 2, **more: Any) -> dict[str, Any]:
    """Ann's credit for Tennessee."""
    named = {"first_name": "Ann", "last_name": "Twice", "born": "05/06", "state": "TN", "license_id": "A1"}
    return a_completion(completed_on=completed_on, credits=credits, **(named | more))


def anne(completed_on: str = "2021-12-12", credits: Any = 2, **more: Any) -> dict[str, Any]:
    """Anne's credit for Maine."""
    return ann(completed_on, credits, **({"first_name": "Anne", "state": "ME", "license_id": "A2"} | more))


def aba(completed_on: str = "2021-12-12", total: Any = 1, *, of: str = "Anne", **more: Any) -> dict[str, Any]:
    """Points of ABA for one of them."""
    number = {"Ann": "35860002", "Anne": "35860001"}[of]
    return ann(completed_on, None, first_name=of, moc=[points("ABA", number, total)], **more)


def merge(service: Service, one: str, into: str, **options: Any) -> MergePlan:
    """Merge two physicians as the operator."""
    return transact(operator(service), merging.merge, one, into, **options)


def unmerge(service: Service, one: str) -> merging.Unmerged:
    """Undo a merge as the operator."""
    return transact(operator(service), merging.unmerge, one)
