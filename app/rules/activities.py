"""Rules about activities as they are registered: only what can never be right refuses them.

To add one: a generator function over an `ActivityCase`, declared for `Scope.ACTIVITY` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from app.domain.activities import Activity, Registration
from app.domain.amounts import in_quarters, on_grid
from app.domain.boards import Board, Span
from app.domain.catalogue import Catalogue
from app.domain.findings import Finding, Severity
from app.domain.formats import Bound, anniversary
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import Unparsed, describe_day, is_activity_id, is_error_or_lost
from app.domain.rems import REMS_TYPES, TYPE_ANSWERS, keys_of, listed
from app.rules import joint_accreditation
from app.rules.activity_case import ALWAYS, ActivityCase
from app.rules.amounts import registered_with_one_session
from app.rules.engine import ACTIVITY_RULES, Fault, Scope, ask, rule, select
from app.rules.record import ACCREDITED, NOTHING_GUESSED

_FIELDS = "accreditor's field descriptions"
_DATES = "accreditor's guidance on activity dates"
_COMMON = "slides, Common Issues"
_ADVICE = "board's public guidance to providers"
_REMS_TYPES = keys_of(TYPE_ANSWERS)


@rule("title-required", Scope.ACTIVITY, source=_FIELDS)
def title_required(case: ActivityCase) -> Iterator[Fault]:
    """An activity has a title."""
    if not case.activity.title:
        yield Fault("/title", "The title is missing.", "Give the title under which learners know the activity.")


@rule("activity-id-valid", Scope.ACTIVITY, source=_FIELDS)
def migrated_id_valid(case: ActivityCase) -> Iterator[Fault]:
    """An activity id, where an operator gives one, has nine digits."""
    given = case.activity.activity_id
    if given and not is_activity_id(given):
        yield Fault("/activity_id", "An activity id has nine digits.", "Leave it out to have one assigned.")


@rule("internal-id-legible", Scope.ACTIVITY, source=NOTHING_GUESSED)
def internal_id_legible(case: ActivityCase) -> Iterator[Fault]:
    """An internal id, where given, is no error of a spreadsheet and has lost no letter."""
    if is_error_or_lost(case.activity.internal_id):
        yield Fault(
            "/internal_id",
            "The internal id is an error of a spreadsheet, or has lost a letter: other activities may have the same.",
            "Give the id by which you know the activity, as text.",
        )


@rule("format-known", Scope.ACTIVITY, source=_FIELDS)
def format_known(case: ActivityCase) -> Iterator[Fault]:
    """An activity has one of the known formats."""
    if case.activity.kind is None:
        yield Fault(
            "/format",
            "Unknown activity format." if case.activity.format else "The activity format is missing.",
            "Give a code such as live-course or enduring-material; /v1/activity-formats lists them all.",
        )


@rule("date-valid", Scope.ACTIVITY, source=_FIELDS)
def activity_date_valid(case: ActivityCase) -> Iterator[Fault]:
    """Start and end date are given, and every date is a day of the calendar."""
    activity = case.activity
    for name, day in (("start_date", activity.start_date), ("end_date", activity.end_date)):
        if day is None:
            yield Fault(f"/{name}", f"The {name.replace('_', ' ')} is missing.", "Give it as YYYY-MM-DD.")
        elif isinstance(day, Unparsed):
            yield Fault(f"/{name}", describe_day(day.text), "Give it as YYYY-MM-DD, without a time.")
    for index, registration in enumerate(activity.registrations):
        claim = registration.credit_claim_date
        if isinstance(claim, Unparsed):
            yield Fault(
                f"/moc/{index}/credit_claim_date", describe_day(claim.text), "Give it as YYYY-MM-DD, without a time."
            )
    live = joint_accreditation.live_date_of(activity)
    if isinstance(live, Unparsed):
        pointer = "/joint_accreditation/pharmacy/live_date"
        yield Fault(pointer, describe_day(live.text), "Give it as YYYY-MM-DD, without a time.")


@rule("dates-in-order", Scope.ACTIVITY, source=_DATES)
def dates_in_order(case: ActivityCase) -> Iterator[Fault]:
    """The start date is not after the end date."""
    start, end = case.activity.start_date, case.activity.end_date
    if isinstance(start, date) and isinstance(end, date) and start > end:
        yield Fault("/end_date", f"The end on {end} is before the start on {start}.", "Check both dates.")


@rule("within-accreditation", Scope.ACTIVITY, source=ACCREDITED)
def activity_within_accreditation(case: ActivityCase) -> Iterator[Fault]:
    """An activity does not start after its provider's accreditation ended, nor end before it began."""
    start, end, accredited = case.activity.start_date, case.activity.end_date, case.accredited
    hint = "Check the date; if the accreditation was prolonged or began earlier, the operator enters its dates."
    if isinstance(start, date) and accredited.until is not None and start > accredited.until:
        detail = f"The start on {start} is after the last day of the provider's accreditation, {accredited.until}."
        yield Fault("/start_date", detail, hint)
    if isinstance(end, date) and accredited.since is not None and end < accredited.since:
        detail = f"The end on {end} is before the first day of the provider's accreditation, {accredited.since}."
        yield Fault("/end_date", detail, hint)


def _beyond_span(case: ActivityCase, bound: Bound) -> Iterator[Fault]:
    activity, kind = case.activity, case.activity.kind
    start, end = activity.start_date, activity.end_date
    if kind is None or kind.span_months is None or kind.span_bound is not bound:
        return
    if isinstance(start, date) and isinstance(end, date) and end > (last := anniversary(start, kind.span_months)):
        yield Fault(
            "/end_date",
            f"{kind.name} that starts on {start} runs until {last} at the latest, not {end}.",
            "Register what follows as an activity of its own.",
        )


@rule("span-limit", Scope.ACTIVITY, source=_DATES)
def span_limit(case: ActivityCase) -> Iterator[Fault]:
    """A series runs at most 12 months, an enduring material at most 3 years, the anniversary included."""
    yield from _beyond_span(case, Bound.REFUSED)


@rule("span-unusual", Scope.ACTIVITY, source=_DATES, warns=True)
def span_unusual(case: ActivityCase) -> Iterator[Fault]:
    """Activities of the other formats, except live courses and journals, run at most 12 months."""
    yield from _beyond_span(case, Bound.ADVISED)


@rule("claim-date-order", Scope.ACTIVITY, source=_DATES)
def claim_date_order(case: ActivityCase) -> Iterator[Fault]:
    """A board's credit claim date is not before the activity's end date."""
    end = case.activity.end_date
    for index, registration in enumerate(case.activity.registrations):
        claim = registration.credit_claim_date
        if isinstance(claim, date) and isinstance(end, date) and claim < end:
            yield Fault(
                f"/moc/{index}/credit_claim_date",
                f"The claim date {claim} is before the end on {end}.",
                "It is the last day on which a completion can still earn this board's credit.",
            )


def _amounts(activity: Activity) -> Iterator[tuple[str, float]]:
    """Yield the amounts that are given, with their pointers."""
    if activity.ama_pra_credits is not None:
        yield "/ama_pra_credits", activity.ama_pra_credits
    for index, registration in enumerate(activity.registrations):
        if registration.points is not None:
            yield f"/moc/{index}/points", registration.points


@rule("credit-positive", Scope.ACTIVITY, source="slides, Data reporting rules")
def activity_credit_positive(case: ActivityCase) -> Iterator[Fault]:
    """Amounts of an activity, where given, are greater than 0."""
    for pointer, amount in (*_amounts(case.activity), *joint_accreditation.amounts_in(case.activity)):
        if in_quarters(amount) <= 0:
            yield Fault(pointer, "Credits must be greater than 0.", "Leave the amount out until it is known.")


@rule("credit-quarter", Scope.ACTIVITY, source="accreditor: credit is given in quarters of an hour")
def activity_credit_quarter(case: ActivityCase) -> Iterator[Fault]:
    """Amounts of an activity, where given, are multiples of 0.25."""
    for pointer, amount in _amounts(case.activity):
        if not on_grid(amount):
            yield Fault(pointer, f"{amount:g} is not a multiple of 0.25.", "Round to the nearest quarter of a credit.")


def _boards(case: ActivityCase) -> Iterator[tuple[str, Registration, Board | None]]:
    for index, registration in enumerate(case.activity.registrations):
        board = case.catalogue.certifying(registration.board) if registration.board else None
        yield f"/moc/{index}", registration, board


@rule("board-known", Scope.ACTIVITY, source=_FIELDS)
def activity_board_known(case: ActivityCase) -> Iterator[Fault]:
    """Every board an activity is registered for is a known certifying board."""
    for pointer, _, board in _boards(case):
        if board is None:
            yield Fault(f"{pointer}/board", "Unknown certifying board.", "/v1/boards lists them all.")


@rule("board-once", Scope.ACTIVITY, source=_FIELDS)
def activity_board_once(case: ActivityCase) -> Iterator[Fault]:
    """Each board appears only once among an activity's registrations."""
    seen: set[str] = set()
    for pointer, _, board in _boards(case):
        if board is not None and board.code in seen:
            yield Fault(f"{pointer}/board", f"{board.code} appears twice.", "Give each board once.")
        elif board is not None:
            seen.add(board.code)


@rule("credit-type-known", Scope.ACTIVITY, source=_FIELDS)
def credit_type_known(case: ActivityCase) -> Iterator[Fault]:
    """Credit types an activity is registered for are the board's own, as far as those are known."""
    for pointer, registration, board in _boards(case):
        for place, name in enumerate(registration.credit_types if board is not None else ()):
            if board is not None and (not code_key(name) or (board.credit_types and board.credit_type(name) is None)):
                known = ", ".join(known.name for known in board.credit_types)
                hint = f"It has: {known}." if known else "Name the type."
                yield Fault(f"{pointer}/credit_types/{place}", f"{board.code} has no such credit type.", hint)


@rule("credit-type-once", Scope.ACTIVITY, source=_FIELDS)
def activity_credit_type_once(case: ActivityCase) -> Iterator[Fault]:
    """Each credit type appears only once in a registration."""
    for pointer, registration, board in _boards(case):
        seen: set[str] = set()
        for place, name in enumerate(registration.credit_types if board is not None else ()):
            key = code_key(board.type_name(name)) if board is not None else ""
            if key in seen:
                yield Fault(
                    f"{pointer}/credit_types/{place}", "This credit type appears twice.", "Give each type once."
                )
            seen.add(key)


@rule("rss-session-amount", Scope.ACTIVITY, source=_COMMON, warns=True)
def rss_session_amount(case: ActivityCase) -> Iterator[Fault]:
    """A series of more than 60 days registered with 2 credits or fewer looks like one session's credit."""
    for pointer, amount in _amounts(case.activity):
        if registered_with_one_session(case.activity, amount):
            yield Fault(
                pointer,
                f"{amount:g} credits is low for a whole series.",
                "Register the most a learner can earn over the whole series, not in one session.",
            )


@rule("listing-incomplete", Scope.ACTIVITY, source="slides, CME Passport", warns=True)
def listing_incomplete(case: ActivityCase) -> Iterator[Fault]:
    """A public listing has a URL, a fee and a way of registration."""
    listing = case.activity.listing
    if case.activity.listing_public:
        for name in ("url", "fee", "registration"):
            if not listing.get(name):
                yield Fault(
                    f"/listing/{name}", f"The public listing has no {name}.", "Physicians search by it; add it."
                )


@rule(
    "listing-home-page",
    Scope.ACTIVITY,
    source="slides, CME Passport: as specific to the activity as possible",
    warns=True,
)
def listing_home_page(case: ActivityCase) -> Iterator[Fault]:
    """The URL of a public listing leads to the activity, not to a home page."""
    url = case.activity.listing.get("url")
    if case.activity.listing_public and url:
        parts = urlsplit(url)
        if parts.path in ("", "/") and not parts.query and not parts.fragment:
            yield Fault("/listing/url", "This URL is a home page.", "Give the activity's own page.")


def _advised(case: ActivityCase, name: str) -> Iterator[tuple[str, Registration, Board]]:
    for pointer, registration, board in _boards(case):
        if board is not None and name in board.advice:
            yield pointer, registration, board


@rule("aba-equals-ama", Scope.ACTIVITY, source=_ADVICE, warns=True, boards=("ABA",))
def activity_aba_equals_ama(case: ActivityCase) -> Iterator[Fault]:
    """ABA points of an activity equal its AMA PRA credits."""
    for pointer, registration, board in _advised(case, "aba-equals-ama"):
        if registration.points is not None and case.activity.ama_pra_credits not in (None, registration.points):
            yield Fault(
                f"{pointer}/points",
                f"{board.code} points differ from the AMA PRA credits.",
                "Register the same amount.",
            )


@rule("aba-outline", Scope.ACTIVITY, source=_ADVICE, warns=True, boards=("ABA",))
def activity_aba_outline(case: ActivityCase) -> Iterator[Fault]:
    """An activity for ABA registers one or two content-outline areas."""
    for pointer, registration, board in _advised(case, "aba-outline"):
        if not 1 <= len(registration.content_outline) <= 2:
            yield Fault(
                f"{pointer}/content_outline",
                f"{len(registration.content_outline)} content-outline areas are registered for {board.code}.",
                "Register one or two.",
            )


@rule("rems-type-known", Scope.ACTIVITY, source="accreditor's guidance on REMS activities", warns=True)
def rems_type_known(case: ActivityCase) -> Iterator[Fault]:
    """A REMS activity names a programme from the list, by which reports for a programme find it.

    Programmes come and go, so that another is taken as it was sent.
    """
    rems = case.activity.rems
    if rems is None or listed(_REMS_TYPES, rems.get("type")) is not None:
        return
    detail = "This REMS programme is not on the list." if rems.get("type") else "The REMS programme is missing."
    hint = f"Give one of: {', '.join(REMS_TYPES)}. What is asked for a programme does not find this activity."
    yield Fault("/rems/type", detail, hint)


@rule("abim-practice-assessment", Scope.ACTIVITY, source=_ADVICE, warns=True, boards=("ABIM",))
def activity_practice_assessment(case: ActivityCase) -> Iterator[Fault]:
    """Practice Assessment goes with performance improvement activities."""
    if case.activity.kind is None or case.activity.kind.code == "performance-improvement":
        return
    for pointer, registration, board in _advised(case, "abim-practice-assessment"):
        for place, name in enumerate(registration.credit_types):
            if board.type_name(name) == "Practice Assessment":
                yield Fault(
                    f"{pointer}/credit_types/{place}",
                    "Practice Assessment is usually given for performance improvement activities only.",
                    "Check the credit type and the activity's format.",
                )


@rule("abo-not-both", Scope.ACTIVITY, source=_ADVICE, warns=True, boards=("ABO",))
def activity_abo_not_both(case: ActivityCase) -> Iterator[Fault]:
    """Patient Safety and Improvement in Medical Practice are not both registered on one activity."""
    both = {"Patient Safety", "Improvement in Medical Practice"}
    for pointer, registration, board in _advised(case, "abo-not-both"):
        if both <= {board.type_name(name) for name in registration.credit_types}:
            yield Fault(
                f"{pointer}/credit_types", f"{' and '.join(sorted(both))} are registered together.", "Keep one of them."
            )


_SELECTION = select(ACTIVITY_RULES.values(), {Scope.ACTIVITY})


def judge_activity(activity: Activity, catalogue: Catalogue, accredited: Span = ALWAYS) -> tuple[Finding, ...]:
    """Return everything the rules have to say about an activity of a provider that is accredited for a time."""
    return ask(_SELECTION, ActivityCase(activity=activity, catalogue=catalogue, accredited=accredited))


def refuses(findings: tuple[Finding, ...]) -> bool:
    """Whether any finding refuses the activity."""
    return any(finding.severity is Severity.REJECT for finding in findings)
