"""Rules about what was reported before for the learner, the activity and the day."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.amounts import format_quarters
from app.domain.credits import CreditStatus, Outcome
from app.domain.findings import Severity
from app.domain.parsing import plain_text
from app.domain.reports import MOST_REFERENCES, Action, CorrectionKind
from app.rules.case import Case, Clash
from app.rules.engine import Fault, Scope, rule
from app.rules.same_record import shares_reference
from app.rules.targets import Target

_ONE_RECORD = "one completion is one learner, activity, date and occasion"
_FILE_ROWS = "slides, Learner completion entry - Excel batch: Record Action"


@rule("reference-reused", Scope.ALL, source=_ONE_RECORD, needs=("placement",))
def reference_reused(case: Case) -> Iterator[Fault]:
    """A client reference or a given occasion identifies one record: other amounts are a correction of it."""
    for clash in case.known_placement.reused:
        by = "occasion" if case.report.occasion is not None else "client reference"
        yield Fault(
            clash.target.pointer,
            f"This {by} was already reported for {clash.target.board} on that day, with "
            f"{format_quarters(clash.credit.quarters)}.",
            f"Correct completion {clash.completion_id} in place, or give the new record a reference or occasion of "
            "its own.",
            completion_id=clash.completion_id,
        )
    if case.known_placement.occasion_taken:
        taken = _of_occasion(case)
        yield Fault(
            "/occasion",
            "Another completion of that day has this occasion.",
            f"Leave the occasion out to get the next one, or correct completion {taken}.",
            completion_id=taken,
        )
        return
    alone = case.known_placement.rems_fresh and case.known_placement.joins is None and not case.known_placement.reused
    if alone and (taken := _of_occasion(case)) is not None:
        yield Fault(
            "/rems",
            "This occasion already has other participation in risk-mitigation education.",
            f"Correct completion {taken} in place, or give the new record an occasion of its own.",
            completion_id=taken,
        )


@rule("learner-changed", Scope.CME, Scope.MOC, source=_ONE_RECORD, needs=("elsewhere",))
def learner_changed(case: Case) -> Iterator[Fault]:
    """A record that stands for one learner is not reported for another: the registry knows its learner better now.

    A record is the same under the same client reference if it names a person alike, and without one if it names the
    same person for the same state or board.
    """
    assert case.elsewhere is not None
    completion_id = case.elsewhere.completion_id
    if shares_reference(case.report, case.elsewhere):
        what, otherwise = "under this client reference", "give this record a reference of its own"
    else:
        what, otherwise = "of this name", "give the licence number, board ID or NPI of each"
    yield Fault(
        "/learner",
        f"A record {what} stands for another learner on that day: it would be credited twice.",
        f"If it is the same record, correct completion {completion_id} in place, which moves its credit, or withdraw "
        f"it. If two people are meant, {otherwise}.",
        completion_id=completion_id,
    )


@rule("references-full", Scope.ALL, source=_ONE_RECORD, warns=True, needs=("placement",))
def references_full(case: Case) -> Iterator[Fault]:
    """A completion, and each of its credits, has at most 100 client references; a further one is not kept.

    A record that is sent by its reference is refused then, for it could not be found by it.
    """
    if not case.known_placement.not_named:
        return
    joins = case.known_placement.joins
    yield Fault(
        "",
        f"What was reported before has {MOST_REFERENCES} client references already; a new one is not kept.",
        "Send the same record under the same reference each time. To take references away, correct the completion by "
        "its id.",
        Severity.REJECT if case.report.correction is CorrectionKind.BY_REFERENCE else None,
        joins.completion_id if joins is not None else None,
    )


def _of_occasion(case: Case) -> str | None:
    """Return the id of the completion that stands on the occasion which the record names."""
    that_day = case.standing.on(case.known_day)
    return next((other.completion_id for other in that_day if other.occasion == case.report.occasion), None)


@rule("reference-shared", Scope.ALL, source=_ONE_RECORD, needs=("placement", "corrects"))
def reference_shared(case: Case) -> Iterator[Fault]:
    """A correction by client reference is about the credit under that reference; other credit stays where it is.

    One that would take other credit of the completion to another learner, activity or day is refused. Credit that it
    leaves out, and that another reference names as well, stays, with a warning.
    """
    placement, corrects = case.known_placement, case.corrects
    if corrects is None or case.report.correction is not CorrectionKind.BY_REFERENCE:
        return
    completion_id = corrects.completion_id
    if placement.moves_others:
        yield Fault(
            "",
            "The completion has credit that was not reported under this reference, and would be moved with it.",
            f"Correct completion {completion_id} by its id, for all of its credit.",
            completion_id=completion_id,
        )
        return
    own = plain_text(case.report.client_reference or "")
    for credit in placement.kept:
        if credit.status is not CreditStatus.WITHDRAWN and own in map(plain_text, credit.client_references):
            yield Fault(
                "",
                f"The credit for {credit.board} stays: it was reported under another reference as well.",
                f"To withdraw it, correct completion {completion_id} by its id.",
                Severity.WARNING,
                completion_id=completion_id,
            )


def _clashes(case: Case) -> Iterator[Clash]:
    reused = {clash.target.pointer for clash in case.known_placement.reused}
    seen: set[str] = set()
    for clash in case.known_placement.same_day:
        if clash.target.pointer not in reused and clash.target.board not in seen:
            seen.add(clash.target.board)
            yield clash


@rule(
    "one-record-per-day", Scope.MOC, source="slides, Common Issues: ABP and ABA accept one record per day",
    boards=("ABA", "ABP"), needs=("placement",),
)  # fmt: skip
def one_record_per_day(case: Case) -> Iterator[Fault]:
    """Some boards accept one record per activity, learner and day."""
    for clash in _clashes(case):
        if not clash.target.once_per_day:
            continue
        types: dict[str, float] = dict(clash.credit.credit_types)
        for name, quarters in clash.target.credit_types:
            types[name] = types.get(name, 0) + quarters
        merged = ", ".join(f"{name} {format_quarters(quarters)}" for name, quarters in sorted(types.items()))
        total = format_quarters(clash.credit.quarters + clash.target.quarters)
        yield Fault(
            clash.target.pointer,
            f"{clash.target.board} accepts one record per activity, learner and day, and already has one of "
            f"{format_quarters(clash.credit.quarters)}.",
            f"If both were earned, correct completion {clash.completion_id} to their sum: total {total} ({merged}).",
            completion_id=clash.completion_id,
        )


@rule("second-record-same-day", Scope.ALL, source=_ONE_RECORD, warns=True, needs=("placement",))
def second_record_same_day(case: Case) -> Iterator[Fault]:
    """There is another record for the same target and day; this one is kept beside it.

    A correction that would make one record the same as another is refused, unless it names its occasion.
    """
    if case.known_placement.rems_same_day:
        yield Fault(
            "/rems",
            "There is other REMS data for this person on the same day.",
            "Nothing to do if the person took part twice; otherwise withdraw one of the two.",
        )
    for clash in _clashes(case):
        if clash.target.once_per_day:
            continue
        same = _same_as(case, clash.target)
        beside = same or clash
        detail = (
            f"There is a record of {format_quarters(beside.credit.quarters)} for {beside.target.board} on the same day."
        )
        if same is not None:
            hint = "Withdraw this completion; if the learner took part twice, name the occasion."
            yield Fault(beside.target.pointer, detail, hint, Severity.REJECT, beside.completion_id)
        else:
            hint = (
                "Nothing to do if the learner took part twice; otherwise withdraw this record, or correct completion "
                f"{beside.completion_id} in place."
            )
            yield Fault(beside.target.pointer, detail, hint, completion_id=beside.completion_id)


def _same_as(case: Case, target: Target) -> Clash | None:
    """Return the record that stands into which a correction would turn another: a credit doubled by a slip."""
    own, placement = case.corrects, case.known_placement
    if own is None or case.report.occasion is not None:
        return None
    held = own.holding(target.board) if not placement.moves else None
    if held is not None and target.equals(held):
        return None
    return next((clash for clash in placement.same_day if clash.target is target and target.equals(clash.credit)), None)


@rule("already-reported", Scope.ALL, source=_ONE_RECORD, warns=True, needs=("placement",))
def already_reported(case: Case) -> Iterator[Fault]:
    """Everything in the record was reported before; nothing but a new reference of the sender's was written."""
    if case.known_placement.outcome is Outcome.UNCHANGED:
        written = "only its new reference was added" if case.known_placement.names else "nothing was written"
        yield Fault("", f"All of this was reported before; {written}.", "Nothing to do.")


@rule("delete-unknown", Scope.FILE, source=_FILE_ROWS, needs=("row_target",), deletes=True)
def delete_unknown(case: Case) -> Iterator[Fault]:
    """A delete or an update finds the completion and, for a delete, every target it names.

    An update adds the targets that its completion does not have yet, with a warning.
    """
    adds = case.report.action is Action.UPDATE and case.known_row_target.completion is not None
    for pointer in case.known_row_target.missing:
        if adds:
            yield Fault(
                pointer,
                "This was not part of the completion yet; the update adds it.",
                "Nothing to do unless another state or board was meant.",
                Severity.WARNING,
            )
        elif pointer:
            yield Fault(
                pointer,
                "The learner's completion of that day has no credit for this.",
                "Check the state or board; leave it out if it was never reported.",
            )
        else:
            yield Fault(
                "",
                "This learner has no completion for that activity, date and occasion.",
                "Check activity, date and occasion; what was never reported needs an Add.",
            )


@rule("delete-ambiguous", Scope.FILE, source=_FILE_ROWS, needs=("row_target",), deletes=True)
def delete_ambiguous(case: Case) -> Iterator[Fault]:
    """A delete or an update finds exactly one completion; the occasion tells several of one day apart."""
    if case.known_row_target.several:
        yield Fault(
            "/occasion",
            f"{case.known_row_target.several} completions of that day match.",
            "Give the occasion of the one you mean.",
        )


@rule("already-withdrawn", Scope.FILE, source=_FILE_ROWS, warns=True, needs=("row_target",), deletes=True)
def already_withdrawn(case: Case) -> Iterator[Fault]:
    """Everything that a delete names was withdrawn before; nothing was written."""
    if case.known_row_target.gone:
        yield Fault("", "All of this was withdrawn before; nothing was written.", "Nothing to do.")
