"""Values that findings suggest: each satisfies its rule, and the nearest or the most allowed comes first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.credits import Completion
from app.domain.reports import CompletionReport
from tests.builders.judging import (
    Verdict,
    a_cme,
    a_completion,
    a_credit,
    a_moc,
    a_registration,
    a_report,
    a_special,
    an_activity,
    judged,
    types_of,
)
from tests.harness.properties import examples
from tests.unit.rules.test_properties import standings, wild_reports

ABIM = a_registration("ABIM", "Medical Knowledge", "Patient Safety", points=3.0)
NARROW = an_activity(ABIM, a_registration("ABA", "Lifelong Learning"), a_registration("ABS"), ama_pra_credits=4.0)


def suggested(verdict: Verdict, rule: str) -> list[tuple[str, Any]]:
    """Return the suggestions of the findings of a rule: (pointer, value)."""
    return [(one.pointer, one.value) for found in verdict.findings if found.rule == rule for one in found.suggestions]


def with_value(holder: Any, path: list[str], value: Any) -> Any:
    """Return a record, or a part of one, in which a value stands at a path."""
    if not path:
        return value
    name, *rest = path
    if isinstance(holder, tuple):
        return tuple(with_value(one, rest, value) if place == int(name) else one for place, one in enumerate(holder))
    return replace(holder, **{name: with_value(getattr(holder, name), rest, value)})


@pytest.mark.parametrize(
    ("amount", "nearest"),
    [(1.1, [1, 1.25]), (1.2, [1.25, 1]), (0.1, [0.25]), (0.2, [0.25]), (-0.1, []), (2.3, [2.25, 2.5])],
)
def test_an_amount_off_the_quarters_is_suggested_its_neighbours(amount: float, nearest: list[float]) -> None:
    verdict = judged(a_report(a_cme(credits=amount)))
    assert suggested(verdict, "credit-quarter") == [("/cme/0/credits", value) for value in nearest]


def test_above_a_maximum_the_maximum_is_suggested_and_what_is_left_of_it() -> None:
    above = judged(a_report(a_cme(credits=5.0), a_moc("ABIM", 3.5)), activity=NARROW)
    assert suggested(above, "cme-maximum") == [("/cme/0/credits", 4)]
    assert suggested(above, "moc-maximum") == [("/moc/0/total_credits", 3)]
    earlier = [a_completion(a_credit("TN-M", 2.75))]
    together = judged(a_report(a_cme(credits=2.0), occasion=2), activity=NARROW, standing=earlier)
    assert suggested(together, "cumulative-maximum") == [("/cme/0/credits", 1.25)]
    full = judged(
        a_report(a_cme(credits=2.0), occasion=2), activity=NARROW, standing=[a_completion(a_credit("TN-M", 4))]
    )
    assert "cumulative-maximum" in full.rejects
    assert suggested(full, "cumulative-maximum") == []


def test_types_that_the_activity_has_and_the_record_has_not_are_suggested() -> None:
    types = types_of(Medical_Knowledge=2.0, Practice_Assessment=1.0)
    verdict = judged(a_report(a_moc(credit_types=types)), activity=NARROW)
    assert suggested(verdict, "credit-type-registered") == [("/moc/0/credit_types/1/type", "Patient Safety")]


def test_parts_of_an_amount_are_suggested_the_whole_and_a_missing_total_the_largest_part() -> None:
    types = types_of(Medical_Knowledge=2.0, Patient_Safety=3.0)
    assert suggested(judged(a_report(a_moc(total=2.0, credit_types=types))), "credit-type-within-total") == [
        ("/moc/0/credit_types/1/credits", 2)
    ]
    assert suggested(judged(a_report(a_moc(total=None, credit_types=types))), "total-inferred") == [
        ("/moc/0/total_credits", 3)
    ]
    assert suggested(judged(a_report(a_moc(total=9.0, credit_types=types))), "credit-type-within-total") == [
        ("/moc/0/total_credits", 5)
    ]
    special = a_report(a_cme("NC", 2.0, special_credits=a_special(3.0)))
    assert suggested(judged(special), "special-credit") == [("/cme/0/special_credits/0/credits", 2)]


@examples(100)
@given(wild_reports(), standings(), st.booleans())
def test_each_suggestion_satisfies_its_rule(report: CompletionReport, standing: list[Completion], narrow: bool) -> None:
    activity = NARROW if narrow else replace(NARROW, format="other-blended")
    for found in judged(report, activity=activity, standing=standing).findings:
        for suggestion in found.suggestions:
            mended = with_value(report, suggestion.pointer.split("/")[1:], suggestion.value)
            after = judged(mended, activity=activity, standing=standing)
            assert (found.rule, found.pointer) not in {(one.rule, one.pointer) for one in after.findings}, suggestion
