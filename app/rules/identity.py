"""Rules about who was meant."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.identity.matches import Result
from app.domain.rems import PHYSICIAN
from app.domain.reports import Action
from app.rules.case import Case
from app.rules.engine import Fault, Scope, rule
from app.rules.rems_answers import in_listed_words
from app.rules.slips import slips_in

_MATCHING = "slides, Learner validation tool: one, more than one, or no learner was matched"

MISS_HINT = (
    "Give the state of licence, not of practice; the name as on the licence; the date of birth as MM/DD, the month "
    "first; every leading zero; and the board ID as board ID, not as licence. People without a US licence are counted, "
    "not reported. If all is right, ask {support}."
)
LINK_HINT = (
    "Copy the learner link whole; it holds for the provider that received it. Names, birth date and numbers may be "
    "left out beside it: what is given has to be theirs. If all is right, ask {support}."
)
"""Said where a link or learner id stands for the person: then other advice is about what may be left out."""
WAIT_HINT = " Sent with on_unmatched=hold, it waits without credit until the person is found."


def _could_wait(case: Case) -> bool:
    """Whether the record could have been held instead: a new one, of a live provider, that did not ask for it."""
    report = case.report
    new = report.action is Action.ADD and report.corrects is None and report.held_id is None
    return new and not (report.hold or report.sandbox)


def _slips(case: Case) -> str:
    """Return slips that a miss may come from, seen in what was typed alone; a blank follows them."""
    report = case.report
    found = slips_in(
        report.person.first_name,
        report.person.last_name,
        [(part.state, part.license_id) for part in report.cme],
        [part.board_id for part in report.moc],
        case.facts.catalogue.certifying_codes,
    )
    return f"{found} " if found else ""


@rule("learner-unmatched", Scope.CME, Scope.MOC, source=_MATCHING, needs=("activity",), deletes=True)
def learner_unmatched(case: Case) -> Iterator[Fault]:
    """Exactly one learner in the registry fits what was given, the same one for every part of the record."""
    if case.match.result is Result.NONE:
        for pointer in case.match.missed or ("/learner",):
            part = "the record" if pointer == "/learner" else "this part of the record"
            advice = MISS_HINT if case.report.person.learner_id is None else LINK_HINT
            hint = _slips(case) + advice.format(support=case.facts.support) + (WAIT_HINT if _could_wait(case) else "")
            yield Fault(pointer, f"No learner was matched for {part}.", hint)


@rule("learner-ambiguous", Scope.CME, Scope.MOC, source=_MATCHING, needs=("activity",), deletes=True)
def learner_ambiguous(case: Case) -> Iterator[Fault]:
    """More than one learner fits what was given, so none is chosen."""
    if case.match.result is Result.SEVERAL:
        yield Fault("/learner", "More than one learner was matched.", _slips(case) + _how_to_tell_apart(case))


def _how_to_tell_apart(case: Case) -> str:
    """Return what else the record could give, from what it gives alone."""
    report = case.report
    as_numbers = [part for part in report.cme if part.license_id and part.license_was_number]
    if as_numbers or any(part.board_id and part.id_was_number for part in report.moc):
        return "Write the number as text, with every leading zero: the cell holds a number, which has none."
    missing = {
        "the licence number": any(not part.license_id for part in report.cme),
        "the board ID": any(not part.board_id for part in report.moc),
        "the NPI": not report.person.npi,
    }
    wanted = [name for name, lacks in missing.items() if lacks]
    if not wanted:
        return f"Every number was given: ask {case.facts.support} which of them is meant."
    listed = " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
    return f"Give more to tell them apart: {listed}. If that does not help, ask {case.facts.support}."


@rule("licence-unknown", Scope.CME, source=_MATCHING, needs=("activity",), deletes=True)
def licence_unknown(case: Case) -> Iterator[Fault]:
    """A licence number, where given, is on file with that state. Such numbers are public."""
    for pointer in case.match.unknown_licenses:
        yield Fault(
            pointer,
            "This licence number is not on file for the state.",
            f"{_slips(case)}Check it, with every leading zero; it may also be left out where name, birth date and "
            f"state suffice. If it is right, ask {case.facts.support}.",
        )


@rule("npi-unknown", Scope.CME, Scope.MOC, source=_MATCHING, needs=("activity",), deletes=True)
def npi_unknown(case: Case) -> Iterator[Fault]:
    """An NPI, where given, is on file. Such numbers are public."""
    for pointer in case.match.unknown_npis:
        hint = f"Check it, or leave it out. If it is right, ask {case.facts.support}."
        yield Fault(pointer, "This NPI is not on file.", hint)


@rule("certified-by-board", Scope.MOC, source=_MATCHING, needs=("activity", "learner"))
def certified_by_board(case: Case) -> Iterator[Fault]:
    """The matched learner has a certification of that board on file, of any date or status."""
    for index, held in enumerate(case.match.moc):
        board = case.board(case.report.moc[index])
        if held is None and board is not None:
            yield Fault(
                f"/moc/{index}/board",
                f"The learner has no certification of {board.code} on file.",
                "Check the board; leave it out if the learner is not certified by it. If the learner is, ask "
                f"{case.facts.support}.",
            )


@rule("physician-only", Scope.CME, Scope.MOC, source="accreditor's guidance on REMS learners")
def physician_only(case: Case) -> Iterator[Fault]:
    """CME and MOC are reported for physicians; others are counted, or reported for REMS only."""
    rems = case.report.rems
    if rems is None or not rems.profession or not (case.report.cme or case.report.moc):
        return
    if in_listed_words(rems).profession != PHYSICIAN:
        yield Fault(
            "/rems/profession",
            "CME and MOC credit is reported for physicians only.",
            "Count this learner in the activity's learner_counts, by profession if you like, or report them for REMS "
            "only.",
        )
