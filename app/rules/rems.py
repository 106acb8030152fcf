"""Rules about learners of risk-mitigation education."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.parsing import is_error_or_lost
from app.domain.reports import Action
from app.rules.case import Case
from app.rules.engine import Fault, Scope, rule
from app.rules.rems_answers import accepted_answers, unlisted_answers

_GUIDANCE = "accreditor's guidance on REMS learners"


@rule("rems-identifier-required", Scope.REMS, source=_GUIDANCE, deletes=True)
def rems_identifier_required(case: Case) -> Iterator[Fault]:
    """A REMS learner has a local identifier, which is no error of a spreadsheet and has lost no letter."""
    rems = case.report.rems
    if rems is None:
        return
    if not rems.local_id:
        yield Fault("/rems/local_id", "The local identifier is missing.", "Give the id by which you know the learner.")
    elif case.report.action is not Action.DELETE and is_error_or_lost(rems.local_id):
        yield Fault(
            "/rems/local_id",
            "The local identifier is an error of a spreadsheet, or has lost a letter: others may have the same.",
            "Give the id by which you know the learner, as text.",
        )


@rule("rems-profession-known", Scope.REMS, source=_GUIDANCE)
def rems_profession_known(case: Case) -> Iterator[Fault]:
    """A REMS learner has a profession from the list."""
    rems = case.report.rems
    if rems is not None and (rems.profession is None or "profession" in unlisted_answers(rems)):
        listed = ", ".join(accepted_answers("profession"))
        yield Fault("/rems/profession", "This profession is not on the list.", f"Give one of: {listed}.")


@rule("rems-activity", Scope.REMS, source=_GUIDANCE, needs=("activity",))
def rems_activity(case: Case) -> Iterator[Fault]:
    """REMS learners are reported for an activity that is flagged REMS."""
    if case.report.rems is not None and not case.known_activity.rems:
        yield Fault("/rems", "The activity is not flagged REMS.", "Set the activity's REMS type first.")


@rule("rems-answers-listed", Scope.REMS, source="accreditor's REMS template: lists of answers", warns=True)
def rems_answers_listed(case: Case) -> Iterator[Fault]:
    """State, DEA registration, practice area and time in practice of a REMS learner are from their lists.

    Others are kept as they were sent, and stand in reports with those that were not given.
    """
    rems = case.report.rems
    if rems is None:
        return
    for name in sorted(unlisted_answers(rems) & _LABELS.keys()):
        hint = "Give a state by its two letters or its name, or leave it out."
        if name != "state":
            hint = f"Give one of: {', '.join(accepted_answers(name))}; or leave it out."
        yield Fault(f"/rems/{name}", f"This {_LABELS[name]} is not on the list.", hint)


_LABELS = {
    "state": "state of practice",
    "dea_registration": "DEA registration",
    "practice_area": "practice area",
    "time_in_practice": "time in practice",
}
