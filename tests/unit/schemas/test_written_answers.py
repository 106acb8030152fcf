"""Answers about completions are written from values, without their model: to the byte as the model would write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.credits import Completion, CreditStatus, Outcome
from app.domain.findings import Finding, Severity
from app.domain.reports import RemsPart
from app.schemas.base import encode_json
from app.schemas.completion_records import CompletionOut, ReportedCompletionOut
from tests.builders.judging import a_completion, a_credit

TEXT = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
MOMENT = st.datetimes(timezones=st.just(UTC))
CREDIT = st.builds(
    lambda board, quarters, **fields: a_credit(board, quarters / 4, **fields),
    st.sampled_from(["TN-M", "ABIM", "ABP"]),
    st.integers(1, 4_000),
    number_reported=TEXT,
    client_references=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    status=st.sampled_from(CreditStatus),
    status_reason=TEXT,
    status_text=TEXT,
    status_at=MOMENT,
)
COMPLETION = st.builds(
    lambda held, **fields: a_completion(*held, **fields),
    st.lists(CREDIT, max_size=3),
    first_name=TEXT,
    last_name=TEXT,
    npi=TEXT,
    learner_id=TEXT,
    submitted_at=MOMENT,
    rems=st.one_of(st.none(), st.builds(RemsPart, local_id=TEXT, state=TEXT, surgical_procedures=st.booleans())),
    version=st.integers(1, 9),
)
FINDING = st.builds(
    Finding,
    rule=st.sampled_from(["cme-maximum", "name-legible"]),
    severity=st.sampled_from(Severity),
    pointer=st.text(max_size=5),
    detail=st.text(max_size=9),
    hint=st.text(max_size=9),
)


@given(completion=COMPLETION)
def test_a_completion_is_written_as_its_model_writes_it(completion: Completion) -> None:
    fields = CompletionOut.fields_of(completion)
    assert encode_json(fields).decode() == CompletionOut.model_validate(fields).model_dump_json()


@given(completion=COMPLETION, findings=st.lists(FINDING, max_size=2).map(tuple))
def test_an_answer_to_a_report_is_written_as_its_model_writes_it(
    completion: Completion, findings: tuple[Finding, ...]
) -> None:
    fields = ReportedCompletionOut.fields_after(completion, Outcome.JOINED, findings)
    assert encode_json(fields).decode() == ReportedCompletionOut.model_validate(fields).model_dump_json()


def test_whole_amounts_and_moments_are_written_alike() -> None:
    late = datetime(2026, 1, 1, tzinfo=UTC)
    for moment in (late, late + timedelta(microseconds=1), late + timedelta(milliseconds=120)):
        fields = CompletionOut.fields_of(a_completion(a_credit(credits=2), submitted_at=moment))
        assert encode_json(fields).decode() == CompletionOut.model_validate(fields).model_dump_json()
