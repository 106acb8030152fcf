"""Cases about people that wait for a decision: held records, requests for help, pairs, merges, spent budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from app.domain.batches import EntryMethod
from app.domain.held import HeldFilter
from app.domain.identity.learners import PairStatus
from app.schemas.completions import CompletionIn
from app.schemas.validations import ValidationIn
from app.services.access import identity_budgets
from app.services.context import Caller, Work, operator, transact
from app.services.held import changes, lookup
from app.services.registry import imports, merging, pair_review, physicians, validations
from app.services.registry.given_fields import read_search
from app.services.reporting import bulk
from benchmarks.world.installation import World

T = TypeVar("T")
MANY = 24
"""How many there are of each: most doors decide a case once."""


def identity_cases(world: World, provider_id: str, activity_id: str, day: str) -> dict[str, list[str]]:
    """Make cases of every kind; return their ids by the names of parameters, or by path and name."""
    service = world.service
    provider = operator(service, provider_id)
    held = _hold(provider, activity_id, day)
    for held_id in held[: MANY // 2]:
        transact(provider, changes.ask, held_id, "She has practised under another name since May.")
    helped = _read(provider, lookup.page, HeldFilter(), before=None, limit=500)
    pairs = _pairs(world)
    merged = _merged(world)
    return {
        # Set aside, a record needs no help any more: those with a request for it are left to whoever answers.
        "held_id": held[MANY // 2 :],
        "help_id": [detail.help.help_id for detail in helped if detail.help is not None],
        "pair_id": pairs,
        "/v1/physicians/{physician_id}/unmerge physician_id": merged,
        "budget_id": _spent(world, provider),
    }


def _read(caller: Caller, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    return caller.service.database.read(lambda connection: verb(connection, caller, *args, **kwargs))


def _hold(provider: Caller, activity_id: str, day: str) -> list[str]:
    """Hold records of people whom nobody knows."""
    bodies = [
        CompletionIn.model_validate(
            {
                "activity_id": activity_id, "completed_on": day, "permission": True,
                "learner": {"first_name": f"Una{chr(97 + number)}", "last_name": "Heldever", "date_of_birth": "05/06"},
                "cme": [{"state": "TN", "license_id": f"77{number:04}", "credits": 1}],
            }
        )
        for number in range(MANY)
    ]  # fmt: skip
    reports = [
        replace(body.as_report(str(provider.provider), provider.service.clock(), EntryMethod.API), hold=True)
        for body in bodies
    ]
    transact(provider, bulk.submit_all, reports)
    return [detail.held.held_id for detail in _read(provider, lookup.page, HeldFilter(), before=None, limit=500)]


def _import(world: World, rows: Sequence[dict[str, Any]]) -> None:
    read_rows = [imports.read_row(row, world.service.catalogue) for row in rows]
    counts = imports.import_rows(world.service, enumerate(read_rows, 1))
    assert not counts.refused, counts.refused


def _pairs(world: World) -> list[str]:
    """Import people beside others whom they seem to be."""
    person = {"last_name": "Pairwell", "date_of_birth": "02/11"}
    for first_name in ("Alma", "Almira"):
        _import(
            world,
            [
                person | {"first_name": first_name, "last_name": f"Pairwell{chr(97 + n)}", "licenses": f"TN-M:88{n:04}"}
                for n in range(MANY)
            ],
        )
    found = _read(operator(world.service), pair_review.page, status=PairStatus.OPEN, after=None, limit=500)
    assert found, "nobody seems to be somebody else"
    return [reviewed.pair.pair_id for reviewed in found]


def _merged(world: World) -> list[str]:
    """Merge people who were imported twice, and return the ids that are aliases now."""
    rows = [
        {
            "first_name": "Mona", "last_name": f"Twice{chr(97 + number)}", "date_of_birth": "03/03",
            "licenses": f"{board}:99{number:04}",
        }
        for number in range(MANY // 2)
        for board in ("TN-M", "ME-M")
    ]  # fmt: skip
    _import(world, rows)

    def merge_all(work: Work) -> list[str]:
        wanted = read_search({"last_name": "Twice"}, world.service.catalogue)
        found = physicians.search(work.connection, work.caller, wanted, after=None, limit=500)
        by_name: dict[str, list[str]] = {}
        for physician in found:
            by_name.setdefault(physician.shown.last_name, []).append(physician.physician_id)
        assert len(by_name) == MANY // 2 and all(len(ids) == 2 for ids in by_name.values()), by_name
        for one, other in by_name.values():
            merging.merge(work, one, other)
        return [one for one, _ in by_name.values()]

    return transact(operator(world.service), merge_all)


def _spent(world: World, provider: Caller) -> list[str]:
    """Ask for people with birth dates that are not theirs until their budgets are spent."""
    for row in world.learners[:6]:
        for number in range(1, 9):
            asked = ValidationIn(
                first_name=row.first_name, last_name=row.last_name, date_of_birth=f"{number:02}/29",
                state=row.licenses[0].board, license_id=row.licenses[0].number,
            ).as_request()  # fmt: skip
            transact(provider, lambda work, asked=asked: validations.validate_each([work], [asked]))
    found = _read(operator(world.service), identity_budgets.page, after=None, limit=100)
    assert found, "no budget is spent"
    return [budget.budget_id for budget in found]
