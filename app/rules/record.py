"""Rules about what a record must hold, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.activities import ActivityStatus
from app.domain.amounts import say_what_it_is
from app.domain.boards import Need
from app.domain.findings import Severity
from app.domain.identity.comparison_keys import damage_of
from app.domain.identity.matches import needs_birth_date
from app.domain.parsing import Unparsed, describe_day, describe_month_day, is_activity_id, is_npi
from app.domain.reports import Action
from app.rules.case import Case
from app.rules.engine import Fault, Scope, rule
from app.rules.slips import how_to_give_names

_NEEDS = "slides, Reporting Learners: what info is needed"
_FIELDS = "accreditor's field descriptions"
ACCREDITED = "ours: an organisation is accredited for a time, and gives credit for activities of that time"
PERMITTED = "ours: a permission that can be given can be taken back, and holds for nothing that comes after"
NOTHING_GUESSED = "ours: without the lost letter a name may be somebody else's, so nobody is looked for by what is left"


@rule("activity-known", Scope.ALL, source=_NEEDS, stands_alone=True, deletes=True)
def activity_known(case: Case) -> Iterator[Fault]:
    """The activity exists and is the provider's; otherwise no learner is looked for and nothing else is reported."""
    given = case.report.activity_id
    if given is not None and is_activity_id(given) and case.activity is None:
        yield Fault(
            "/activity_id",
            "The provider has no activity with this id.",
            "Give the nine-digit activity id, not the provider's internal id, and check which provider it belongs to.",
        )


@rule("activity-id-valid", Scope.ALL, source=_FIELDS, deletes=True)
def activity_id_valid(case: Case) -> Iterator[Fault]:
    """The activity id is given and has nine digits."""
    given = case.report.activity_id
    if given is None or not is_activity_id(given):
        yield Fault(
            "/activity_id", "An activity id of nine digits is required.", "Take it from the activity's page or list."
        )


@rule(
    "activity-reportable",
    Scope.ALL,
    source="accreditor's guidance on activity status",
    needs=("activity",),
    of_offer=True,
)
def activity_reportable(case: Case) -> Iterator[Fault]:
    """Learners are reported for an activity that is complete; a closed one still accepts them, with a warning."""
    status = case.activity_status
    if status is ActivityStatus.DRAFT:
        missing = ", ".join(case.known_activity.missing(case.facts.now.date()))
        yield Fault("/activity_id", f"The activity is a draft; it lacks: {missing}.", "Complete the activity first.")
    elif status is ActivityStatus.CLOSED:
        yield Fault(
            "/activity_id",
            "The activity is closed.",
            "Nothing to do unless the record was meant for another activity.",
            Severity.WARNING,
        )


@rule("within-accreditation", Scope.ALL, source=ACCREDITED, needs=("activity",))
def record_within_accreditation(case: Case) -> Iterator[Fault]:
    """The activity is one of the time of its provider's accreditation, unless what stands is corrected."""
    activity = case.known_activity
    if activity.activity_id in case.facts.unaccredited and case.corrects is None:
        yield Fault(
            "/activity_id",
            f"The activity from {activity.start_date} to {activity.end_date} lies outside the time of the provider's "
            "accreditation, which GET /v1/providers shows.",
            "Check which activity was meant; if the dates of the accreditation are wrong, the operator corrects them.",
        )


@rule("action-valid", Scope.FILE, source="slides, Learner completion entry - Excel batch: Record Action", deletes=True)
def action_valid(case: Case) -> Iterator[Fault]:
    """A row states its action: Add, Update or Delete. One that states none is judged as an Add."""
    if not isinstance(case.report.action, Action):
        given = case.report.action is not None
        yield Fault(
            "/action",
            "Not an action on a record." if given else "The row has no action.",
            "Give Add, Update or Delete.",
        )


@rule("permission", Scope.ALL, source="slides, Data reporting rules", of_offer=True)
def permission(case: Case) -> Iterator[Fault]:
    """The learner has given permission to report the completion, and the sender says so."""
    if case.report.permission is not True:
        yield Fault(
            "/permission",
            "The learner's permission to report is not attested.",
            'Send "permission": true once the learner has agreed to the reporting.',
        )


@rule("permission-withdrawn", Scope.ALL, source=PERMITTED, needs=("activity", "day", "learner"))
def permission_withdrawn(case: Case) -> Iterator[Fault]:
    """The learner has not withdrawn the permission that this provider reports them, or reports this record again."""
    who = (case.report.provider_id, case.known_learner.physician_id)
    ended = case.facts.unpermitted
    if (*who, None, None) in ended or (*who, case.known_activity.activity_id, case.known_day) in ended:
        yield Fault(
            "/permission",
            "The learner has withdrawn the permission to report this.",
            "Do not report it again. Whoever thinks that this is a mistake asks the learner, who can permit it again "
            "in CME Passport; what stands already is taken back by withdrawing it.",
        )


@rule("target-required", Scope.ALL, source=_NEEDS)
def target_required(case: Case) -> Iterator[Fault]:
    """A record reports at least one of CME, MOC or REMS."""
    report = case.report
    if not report.cme and not report.moc and report.rems is None:
        yield Fault(
            "",
            "Nothing is reported: no CME, no MOC, no REMS.",
            "Add a state with CME credits, a board with points, or answers for REMS.",
        )


@rule("name-required", Scope.CME, Scope.MOC, source=_NEEDS, deletes=True)
def name_required(case: Case) -> Iterator[Fault]:
    """First and last name are given, unless a learner id stands for them or only REMS is reported."""
    person = case.report.person
    if person.learner_id is not None or case.report.rems_only:
        return
    for field, given in (("first_name", person.first_name), ("last_name", person.last_name)):
        if not given:
            yield Fault(
                f"/learner/{field}",
                f"The learner's {field.replace('_', ' ')} is missing.",
                how_to_give_names(person.first_name, person.last_name),
            )


@rule("name-legible", Scope.ALL, source=NOTHING_GUESSED, deletes=True)
def name_legible(case: Case) -> Iterator[Fault]:
    """A name, where given, is one that can be read: no letter is lost, escaped, misread or of another alphabet."""
    person = case.report.person
    for field, given in (("first_name", person.first_name), ("last_name", person.last_name)):
        damage = damage_of(given)
        if damage is not None:
            yield Fault(f"/learner/{field}", f"The learner's {field.replace('_', ' ')} {damage.detail}.", damage.hint)


@rule("birth-date-required", Scope.CME, Scope.MOC, source=_NEEDS, deletes=True)
def birth_date_required(case: Case) -> Iterator[Fault]:
    """Month and day of birth are given when CME, or credit for a board that requires them, is reported."""
    if case.report.person.birth_date is None and needs_birth_date(case.report, case.facts.catalogue):
        exempt = sorted(b.code for b in case.facts.catalogue.boards.values() if b.birth_date is Need.OPTIONAL)
        yield Fault(
            "/learner/date_of_birth",
            "Month and day of birth are missing.",
            f"Give them as MM/DD, without a year. Only {' and '.join(exempt)} do not ask for them.",
        )


@rule("birth-date-valid", Scope.ALL, source=_FIELDS, deletes=True)
def birth_date_valid(case: Case) -> Iterator[Fault]:
    """A birth date, where given, is a real month and day; 02/29 is one."""
    born = case.report.person.birth_date
    if isinstance(born, Unparsed):
        yield Fault("/learner/date_of_birth", describe_month_day(born.text), "Give MM/DD, for example 03/14.")


@rule("date-valid", Scope.ALL, source=_FIELDS, deletes=True, of_offer=True)
def date_valid(case: Case) -> Iterator[Fault]:
    """The completion date is given and is a day of the calendar."""
    day = case.report.completed_on
    if day is None:
        yield Fault("/completed_on", "The completion date is missing.", "Give it as YYYY-MM-DD.")
    elif isinstance(day, Unparsed):
        yield Fault("/completed_on", describe_day(day.text), "Give it as YYYY-MM-DD, without a time.")


@rule("amount-valid", Scope.ALL, source=_FIELDS, of_offer=True)
def amount_valid(case: Case) -> Iterator[Fault]:
    """Every amount of credit is given and is a number; a board's total may be left to its credit types."""
    for pointer, amount in case.amounts:
        if isinstance(amount, Unparsed):
            yield Fault(pointer, say_what_it_is(amount.text), "Give a number in steps of 0.25, for example 1.5.")
        elif amount is None and not _total_inferred(case, pointer):
            yield Fault(
                pointer, "The amount of credits is missing.", "Give a number in steps of 0.25, for example 1.5."
            )


def _total_inferred(case: Case, pointer: str) -> bool:
    parts = pointer.split("/")
    return parts[-1] == "total_credits" and case.report.moc[int(parts[2])].total_quarters is not None


@rule("npi-valid", Scope.ALL, source="CMS, National Provider Identifier check digit", deletes=True)
def npi_valid(case: Case) -> Iterator[Fault]:
    """An NPI, where given, has ten digits beginning with 1 or 2, and its check digit fits."""
    given = case.report.person.npi
    if given is not None and not is_npi(given):
        yield Fault("/learner/npi", "Not a valid NPI.", "Check its ten digits, or leave it out.")


@rule("board-known", Scope.MOC, source=_FIELDS, deletes=True, of_offer=True)
def board_known(case: Case) -> Iterator[Fault]:
    """The certifying board is given by a code or name that is known."""
    for index, moc in enumerate(case.report.moc):
        if case.board(moc) is None:
            yield Fault(
                f"/moc/{index}/board",
                "Unknown certifying board." if moc.board else "The certifying board is missing.",
                "Give its code, for example ABIM; /v1/boards lists them all. State boards belong to CME.",
            )


@rule("state-required", Scope.CME, source=_NEEDS, deletes=True)
def state_required(case: Case) -> Iterator[Fault]:
    """CME names a known state of licensure, unless an NPI or a learner id stands for every licence."""
    person = case.report.person
    stands_for_all = person.learner_id is not None or (person.npi is not None and is_npi(person.npi))
    for index, cme in enumerate(case.report.cme):
        if cme.state:
            if not case.cme_boards(cme):
                yield Fault(
                    f"/cme/{index}/state",
                    "Not a state that licenses physicians.",
                    "Give the state of licence by its two letters or full name, for example TN or Tennessee.",
                )
        elif not stands_for_all and not (cme.license_id and is_npi(cme.license_id)):
            yield Fault(
                f"/cme/{index}/state",
                "The state of licensure is missing.",
                "Give the state that issued the licence, which need not be the state of practice, or the NPI.",
            )


@rule("board-id-required", Scope.MOC, source=_NEEDS, deletes=True)
def board_id_required(case: Case) -> Iterator[Fault]:
    """The learner's id with the board is given, unless the board asks for none or a learner id stands for it."""
    if case.report.person.learner_id is not None:
        return
    for pointer, moc, board in case.moc_parts:
        if board.board_id is Need.REQUIRED and not moc.board_id:
            yield Fault(
                f"{pointer}/board_id",
                f"{board.code} needs the learner's board ID.",
                "Ask the learner for it; it is not the licence number.",
            )
