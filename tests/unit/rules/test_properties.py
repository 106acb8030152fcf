"""What holds for every record: order, shrinking, faults that never hide one another, and replaying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.credits import Completion, CreditStatus, Outcome, held_quarters
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import Amount, CmePart, CompletionReport, MocPart, RemsPart, TypeAmount
from app.rules.offers import Offers
from tests.builders.judging import (
    BOARD_IDS,
    DAY,
    NPI,
    ONE_TYPE,
    Verdict,
    a_cme,
    a_completion,
    a_credit,
    a_learner,
    a_moc,
    a_person,
    a_registration,
    a_rems,
    a_report,
    a_special,
    an_activity,
    judged,
    kept,
)
from tests.harness.properties import examples

TYPES = {
    "ABA": ("Lifelong Learning", "Patient Safety"),
    "ABIM": ("Medical Knowledge", "Patient Safety", "Practice Assessment"),
    "ABO": ("Lifelong Learning", "Self-Assessment", "Patient Safety"),
    "ABS": ("Accredited CME", "Self-Assessment"),
    "ABP": ("Lifelong Learning and Self-Assessment",),
}
ACTIVITY = an_activity(
    *(a_registration(board, *types) for board, types in TYPES.items()), ama_pra_credits=4.0, rems={"type": "opioid"}
)
ROOMY = replace(ACTIVITY, ama_pra_credits=10_000.0)
NAMESAKE = a_learner("learner-2", npi=None, licenses={"TN-M": "555555"}, certifications={"ABIM": "222222"})

right_amounts = st.integers(1, 16).map(lambda quarters: quarters / 4)
any_amounts: st.SearchStrategy[Amount] = st.one_of(
    right_amounts, st.sampled_from([0.0, -1.0, 1.1, 4.25, 99.0, None, Unparsed("two")])
)


@st.composite
def a_part_for_a_state(
    draw: st.DrawFn, amounts: st.SearchStrategy[Amount], states: tuple[str | None, ...] = ("TN", "ME", "NC")
) -> CmePart:
    state = draw(st.sampled_from(states))
    special = a_special(draw(amounts)) if state == "NC" and draw(st.booleans()) else ()
    return a_cme(state, draw(amounts), special_credits=special)


@st.composite
def a_part_for_a_board(draw: st.DrawFn, amounts: st.SearchStrategy[Amount]) -> MocPart:
    board = draw(st.sampled_from(sorted(TYPES)))
    names = draw(st.lists(st.sampled_from(TYPES[board]), min_size=1, unique=True))
    types = tuple(TypeAmount(type=name, credits=draw(amounts)) for name in names)
    return a_moc(board, draw(amounts), credit_types=types)


@st.composite
def right_reports(draw: st.DrawFn) -> CompletionReport:
    """Records in which every target stands once, and each board's total is at least its largest type."""
    cme = draw(st.lists(a_part_for_a_state(right_amounts), max_size=3, unique_by=lambda part: part.state))
    cme = [
        replace(part, credits=max([part.credits, *(credit.credits for credit in part.special_credits)])) for part in cme
    ]
    moc = draw(st.lists(a_part_for_a_board(right_amounts), max_size=3, unique_by=lambda part: part.board))
    moc = [replace(part, total_credits=max(credit_type.credits for credit_type in part.credit_types)) for part in moc]
    rems = draw(st.sampled_from([None, None, a_rems(), a_rems(practice_area="Pain")]))
    assume(cme or moc)
    return a_report(
        *cme,
        *moc,
        *([rems] if rems else []),
        completed_on=DAY + timedelta(draw(st.integers(0, 1))),
        occasion=draw(st.sampled_from([None, None, None, 1, 2])),
    )


@st.composite
def wild_reports(draw: st.DrawFn) -> CompletionReport:
    """Records with anything wrong in their parts, repeated targets included."""
    states = ("TN", "Tennessee", "ME", "NC", "CA", "Ontario", None)
    cme = draw(st.lists(a_part_for_a_state(any_amounts, states), max_size=3))
    moc = draw(st.lists(a_part_for_a_board(any_amounts), max_size=3))
    moc = [replace(part, board=draw(st.sampled_from([part.board, part.board, "ABXYZ"]))) for part in moc]
    moc = [
        replace(part, board_id=draw(st.sampled_from([part.board_id, part.board_id, "222222", None]))) for part in moc
    ]
    assume(cme or moc)
    person = a_person(
        npi=draw(st.sampled_from([None, NPI, "1234567890"])),
        birth_date=draw(st.sampled_from([MonthDay(2, 1), MonthDay(2, 1), MonthDay(7, 7), None])),
    )
    return a_report(*cme, *moc, person=person)


@st.composite
def standings(draw: st.DrawFn) -> list[Completion]:
    """Up to three occasions that stand already, some of their credits gone."""
    boards = ("TN-M", "ME-M", "ABA", "ABIM", "ABS")
    made = []
    for occasion in range(1, draw(st.integers(0, 3)) + 1):
        credits = [
            a_credit(board, draw(right_amounts), status=draw(st.sampled_from(list(CreditStatus))))
            for board in draw(st.lists(st.sampled_from(boards), min_size=1, max_size=3, unique=True))
        ]
        made.append(a_completion(*credits, occasion=occasion))
    return made


def _said(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.rule, finding.severity) for finding in verdict.findings}


@examples(40)
@given(wild_reports(), standings(), st.booleans(), st.randoms(use_true_random=False))
def test_findings_do_not_depend_on_the_order_of_parts(
    report: CompletionReport, standing: list[Completion], two: bool, random: Random
) -> None:
    people = [a_learner(), NAMESAKE] if two else [a_learner()]
    shuffled = replace(
        report,
        cme=tuple(random.sample(report.cme, len(report.cme))),
        moc=tuple(random.sample(report.moc, len(report.moc))),
    )
    one = judged(report, activity=ACTIVITY, learners=people, standing=standing)
    other = judged(shuffled, activity=ACTIVITY, learners=people, standing=standing)
    assert _said(one) == _said(other)
    assert one.outcome == other.outcome


@examples(40)
@given(wild_reports(), standings(), st.randoms(use_true_random=False))
def test_findings_do_not_depend_on_the_order_of_people_and_of_what_stands(
    report: CompletionReport, standing: list[Completion], random: Random
) -> None:
    one = judged(report, activity=ACTIVITY, learners=[a_learner(), NAMESAKE], standing=standing)
    mixed = random.sample(standing, len(standing))
    other = judged(report, activity=ACTIVITY, learners=[NAMESAKE, a_learner()], standing=mixed)
    assert one.findings == other.findings


def _varied(report: CompletionReport) -> Iterator[CompletionReport]:
    """Yield a record with each part of its offer, alone, being another."""
    yield replace(report, completed_on=date(2019, 1, 1))
    yield replace(report, permission=not report.permission)
    yield replace(report, received_at=report.received_at + timedelta(days=400))
    yield replace(report, activity_id="999999999")
    for amount in (0.3, -1.0, 900.0):
        types = (TypeAmount(type="Patient Safety", credits=amount),)
        yield replace(report, cme=tuple(replace(part, credits=amount) for part in report.cme))
        yield replace(report, cme=tuple(replace(part, special_credits=types) for part in report.cme))
        yield replace(report, moc=tuple(replace(part, total_credits=amount) for part in report.moc))
        yield replace(report, moc=tuple(replace(part, credit_types=types) for part in report.moc))
    for board in ("ABS", "ABOG", "nowhere", None):
        yield replace(report, moc=tuple(replace(part, board=board) for part in report.moc))
    yield replace(report, moc=())
    yield replace(report, cme=())


@given(right_reports() | wild_reports(), standings())
def test_records_that_are_judged_together_are_judged_as_each_alone(
    report: CompletionReport, standing: list[Completion]
) -> None:
    """What some rules said of an offer is not taken for what they say of another one."""
    offers = Offers()
    for given_report in (report, *_varied(report), report):
        judged(given_report, activity=ACTIVITY, standing=standing, offers=offers)


def _shrunk(amount: Amount, by: float) -> Amount:
    assert isinstance(amount, float)
    return max(0.25, amount - by)


def _smaller(types: tuple[TypeAmount, ...], by: float) -> tuple[TypeAmount, ...]:
    return tuple(replace(credit, credits=_shrunk(credit.credits, by)) for credit in types)


@examples(40)
@given(right_reports(), right_amounts, standings())
def test_a_record_that_passes_keeps_passing_when_its_amounts_shrink(
    report: CompletionReport, by: float, standing: list[Completion]
) -> None:
    # Credit that stands on the same day would turn a joined record into another one: only other days stand here.
    before = [replace(completion, completed_on=date(2021, 12, 1)) for completion in standing]
    assume(not judged(report, activity=ACTIVITY, standing=before).rejects)
    smaller = replace(
        report,
        cme=tuple(
            replace(part, credits=_shrunk(part.credits, by), special_credits=_smaller(part.special_credits, by))
            for part in report.cme
        ),
        moc=tuple(
            replace(
                part,
                total_credits=_shrunk(part.total_credits, by),
                credit_types=_smaller(part.credit_types, by),
            )
            for part in report.moc
        ),
    )
    assert judged(smaller, activity=ACTIVITY, standing=before).rejects == set()


Fault = Callable[[CompletionReport], CompletionReport]


def _person(**fields: object) -> Fault:
    return lambda report: replace(report, person=replace(report.person, **fields))  # type: ignore[arg-type]


def _more(part: CmePart | MocPart) -> Fault:
    if isinstance(part, CmePart):
        return lambda report: replace(report, cme=(*report.cme, part))
    return lambda report: replace(report, moc=(*report.moc, part))


FAULTS: dict[str, Fault] = {
    "permission": lambda report: replace(report, permission=False),
    "completed-not-future": lambda report: replace(report, completed_on=date(2021, 12, 30)),
    "board-known": _more(a_moc("ABXYZ")),
    "board-registered": _more(a_moc("ABTS")),
    "credit-type-required": _more(a_moc("ABOHNS", credit_types=())),
    "board-id-required": _more(a_moc("ABPath", board_id=None)),
    "name-required": _person(first_name=None),
    "name-legible": _person(last_name="#N/A"),
    "birth-date-valid": _person(birth_date=Unparsed("31/31")),
    "npi-valid": _person(npi="1234567890"),
    "credit-positive": _more(a_cme("ND", 0.0)),
    "credit-quarter": _more(a_cme("AK", 1.1)),
    "cme-maximum": _more(a_cme("OR", 99.0)),
    "amount-valid": _more(a_cme("MD", Unparsed("two"))),
    "state-required": _more(a_cme("Ontario")),
    "special-credit": _more(a_cme("AL", special_credits=a_special())),
    "board-once": lambda report: _more(a_cme("NJ"))(_more(a_cme("New Jersey"))(report)),
    "rems-identifier-required": lambda report: replace(report, rems=RemsPart(profession="Physician")),
    "activity-id-valid": lambda report: replace(report, activity_id="12345"),
}
"""Each makes one thing wrong, and touches nothing that another one does."""

IDENTITY = {"learner-unmatched", "learner-ambiguous", "licence-unknown", "npi-unknown", "certified-by-board"}
PLACEMENT = {"cumulative-maximum", "one-record-per-day", "reference-reused"}
NOT_ASKED = {"name-required", "name-legible", "birth-date-valid", "activity-id-valid"}
ACTIVITY_FACTS = {
    "activity-reportable", "completed-after-start", "cme-by-end", "rems-by-end", "moc-by-claim-date", "cme-maximum",
    "moc-maximum", "board-registered", "board-collaborates", "credit-type-registered", "rems-activity",
}  # fmt: skip


def _with(report: CompletionReport, faults: set[str]) -> CompletionReport:
    for name in sorted(faults):
        report = FAULTS[name](report)
    return report


@examples(40)
@given(
    right_reports(), standings(), st.sets(st.sampled_from(sorted(FAULTS)), max_size=5), st.sampled_from(sorted(FAULTS))
)
def test_another_fault_never_hides_one_that_was_told(
    report: CompletionReport, standing: list[Completion], faults: set[str], more: str
) -> None:
    boards = dict.fromkeys(("TN-M", "ME-M", "ZZNC", "ND-M", "AK-M", "OR-M", "MD-M", "AL-M", "NJ-M"), "1")
    learners = [a_learner(licenses=boards)]
    ours = replace(report, completed_on=DAY)
    before = judged(_with(ours, faults), activity=ACTIVITY, learners=learners, standing=standing).rejects
    after = judged(_with(ours, faults | {more}), activity=ACTIVITY, learners=learners, standing=standing).rejects
    hidden = set(PLACEMENT)  # asked only of records that are matched, on the day that is reported
    if more in NOT_ASKED:
        hidden |= IDENTITY
    if more == "activity-id-valid":
        hidden |= ACTIVITY_FACTS
    assert more in after or ("activity-id-valid" in faults and more in ACTIVITY_FACTS)
    assert before - after <= hidden


@examples(40)
@given(wild_reports(), standings(), st.sets(st.sampled_from(sorted(set(FAULTS) - {"activity-id-valid"}))))
def test_an_activity_that_is_not_there_is_told_alone_whatever_else_is_wrong(
    report: CompletionReport, standing: list[Completion], faults: set[str]
) -> None:
    lost = replace(_with(report, faults), activity_id="999999999")
    assert [finding.rule for finding in judged(lost, activity=ACTIVITY, standing=standing).findings] == [
        "activity-known"
    ]


@examples(40)
@given(st.lists(right_reports(), min_size=1, max_size=6), st.data())
def test_replaying_an_accepted_record_is_always_unchanged(reports: list[CompletionReport], data: st.DataObject) -> None:
    standing: list[Completion] = []
    accepted: list[CompletionReport] = []
    for report in reports:
        verdict = judged(report, activity=ROOMY, standing=standing)
        if not verdict.rejects:
            standing = kept(verdict, standing)
            accepted.append(report)
            assert judged(report, activity=ROOMY, standing=standing).outcome is Outcome.UNCHANGED
    assume(accepted)
    again = data.draw(st.sampled_from(accepted))
    replayed = judged(again, activity=ROOMY, standing=standing)
    assert replayed.outcome is Outcome.UNCHANGED
    assert "already-reported" in replayed.warns
    assert kept(replayed, standing) == standing


@examples(40)
@given(st.lists(right_reports(), min_size=1, max_size=6))
def test_accepted_records_never_exceed_a_maximum_nor_share_an_occasion(reports: list[CompletionReport]) -> None:
    standing: list[Completion] = []
    for report in reports:
        verdict = judged(report, activity=ACTIVITY, standing=standing)
        if not verdict.rejects:
            standing = kept(verdict, standing)
    assert len({(completion.completed_on, completion.occasion) for completion in standing}) == len(standing)
    for completion in standing:
        assert len({credit.board for credit in completion.credits}) == len(completion.credits)
    for target in ("CME", *ONE_TYPE):
        assert sum(held_quarters(credit.credits).get(target, 0) for credit in standing) <= 16
    for board in ("ABA", "ABP"):
        days = [completion.completed_on for completion in standing if completion.holding(board)]
        assert len(days) == len(set(days))


@examples(40)
@given(wild_reports(), standings())
def test_whoever_is_matched_fits_and_no_finding_names_them(
    report: CompletionReport, standing: list[Completion]
) -> None:
    verdict = judged(report, activity=ACTIVITY, learners=[a_learner(), NAMESAKE], standing=standing)
    if not verdict.rejects:
        assert verdict.match.learner is not None
        assert verdict.boards
    told = " ".join(f"{finding.detail} {finding.hint}" for finding in verdict.findings)
    for secret in ("Rebecca", "Test", "02/01", "07/07", NPI, "555555", "222222", *BOARD_IDS.values()):
        assert secret not in told
