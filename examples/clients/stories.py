"""A provider's system, using the client that `openapi-python-client` generates from `openapi/openapi.json`.

`make check-clients` generates the client, checks the types of this file, and runs it against a server.
"""

import json
import os
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from time import sleep
from uuid import uuid4

from pars_client import AuthenticatedClient
from pars_client.api.activities import list_activities, register_activity
from pars_client.api.batches import get_batch, get_batch_file, list_batch_rows, upload_batch
from pars_client.api.events import list_events
from pars_client.api.learner_completions import (
    correct_completion,
    get_completion,
    get_completion_history,
    list_completions,
    preview_completion,
    report_completion,
    report_completions,
)
from pars_client.api.learner_validations import validate_learner
from pars_client.api.reference_data import get_sandbox
from pars_client.models import (
    Activity,
    ActivityIn,
    ActivityPage,
    ActivityStatus,
    Batch,
    BatchFile,
    BatchForm,
    BatchKind,
    BatchStatus,
    Bulk,
    BulkIn,
    CmeIn,
    CompletionDetail,
    CompletionHistory,
    CompletionIn,
    CompletionPage,
    CreditKind,
    DeliveryMethod,
    EventPage,
    EventType,
    LearnerIn,
    Listing,
    Outcome,
    Preview,
    PreviewOutcome,
    Problem,
    ProviderEvent,
    Providership,
    ReportedCompletion,
    RowOutcome,
    RowPage,
    Sandbox,
    Severity,
    Validation,
    ValidationIn,
    ValidationResult,
    VersionAction,
)
from pars_client.types import File

pars = AuthenticatedClient(base_url=os.environ["PARS_URL"], token=os.environ["PARS_KEY"])
trial = AuthenticatedClient(base_url=os.environ["PARS_URL"], token=os.environ["PARS_TEST_KEY"])


def register() -> Activity:
    """Register an activity: optional fields are left out, and enums are names rather than texts."""
    activity = ActivityIn(
        title="Airway course",
        format_="live-course",
        start_date="2021-01-01",
        end_date="2021-12-31",
        ama_pra_credits=10,
        delivery_methods=[DeliveryMethod.DELIVERY_METHOD_ONLINE],
        description="Two days in the simulation centre.",
        providership=Providership.PROVIDERSHIP_DIRECT,
        listing=Listing(public=False),
    )
    made = register_activity.sync(client=pars, body=activity)
    assert isinstance(made, Activity), made
    assert made.status is not ActivityStatus.ACTIVITY_STATUS_DRAFT, made.missing
    return made


def completion_of(activity: Activity, credits_: float, day: str = "2021-06-12") -> CompletionIn:
    """Rebecca Test completed the activity, and has a licence in Tennessee."""
    return CompletionIn(
        activity_id=activity.activity_id,
        completed_on=day,
        permission=True,
        learner=LearnerIn(first_name="Rebecca", last_name="Test", date_of_birth="02/01"),
        cme=[CmeIn(state="TN", license_id="444444", credits_=credits_)],
    )


def report(activity: Activity) -> ReportedCompletion:
    """Preview a completion, report it, then read it again."""
    body = completion_of(activity, 2)
    preview = preview_completion.sync(client=pars, body=body)
    assert isinstance(preview, Preview), preview
    assert (preview.acceptable, preview.outcome) == (True, PreviewOutcome.PREVIEW_OUTCOME_CREATED)
    assert [credit.credit_id for credit in preview.credits_] == [None]
    reported = report_completion.sync(client=pars, body=body)
    assert isinstance(reported, ReportedCompletion), reported
    assert reported.outcome is Outcome.OUTCOME_CREATED
    (credit,) = reported.credits_
    assert (credit.kind, credit.board, credit.credits_) == (CreditKind.CREDIT_KIND_CME, "TN-M", 2)
    found = get_completion.sync(reported.completion_id, client=pars)
    assert isinstance(found, CompletionDetail)
    assert found.credits_ == reported.credits_
    return reported


def correct(activity: Activity, reported: ReportedCompletion) -> None:
    """Correct the version that was read; with an older version the service refuses, and the client reads again."""
    id_, seen = reported.completion_id, f'"{reported.version}"'
    corrected = correct_completion.sync(id_, client=pars, body=completion_of(activity, 3), if_match=seen)
    assert isinstance(corrected, ReportedCompletion), corrected
    assert corrected.outcome is Outcome.OUTCOME_UPDATED
    assert [credit.credit_id for credit in corrected.credits_] == [credit.credit_id for credit in reported.credits_]

    late = correct_completion.sync(id_, client=pars, body=completion_of(activity, 4), if_match=seen)
    assert isinstance(late, Problem)
    assert (late.status, late.code) == (HTTPStatus.PRECONDITION_FAILED, "precondition-failed")

    read = get_completion.sync_detailed(id_, client=pars)
    last = correct_completion.sync_detailed(
        id_, client=pars, body=completion_of(activity, 4), if_match=read.headers["ETag"], prefer="return=minimal"
    )
    assert (last.status_code, last.parsed) == (HTTPStatus.NO_CONTENT, None)
    assert last.headers["ETag"] == '"3"'

    history = get_completion_history.sync(id_, client=pars)
    assert isinstance(history, CompletionHistory)
    told = [(version.version, version.action, version.completion.credits_[0].credits_) for version in history.data]
    assert told == [
        (3, VersionAction.VERSION_ACTION_UPDATED, 4),
        (2, VersionAction.VERSION_ACTION_UPDATED, 3),
        (1, VersionAction.VERSION_ACTION_CREATED, 2),
    ]


def report_in_few_words(activity: Activity) -> None:
    """Report with a minimal answer: that it is done, and its location."""
    body = completion_of(activity, 1, "2021-06-30")
    for _ in ("created", "unchanged"):
        done = report_completion.sync_detailed(client=pars, body=body, prefer="return=minimal")
        assert (done.status_code, done.parsed) == (HTTPStatus.NO_CONTENT, None)
    found = get_completion.sync(done.headers["Location"].rpartition("/")[2], client=pars)
    assert isinstance(found, CompletionDetail)
    assert f'"{found.version}"' == done.headers["ETag"]


def report_many(activity: Activity) -> None:
    """Report several at once: each item has its completion or its problem, and a refused one affects no other."""
    days = (("2021-07-01", 1.0), ("2021-07-02", 60.3), ("2021-07-03", 1.5))
    body = BulkIn(items=[completion_of(activity, credits_, day) for day, credits_ in days])
    done = report_completions.sync(client=pars, body=body, idempotency_key=str(uuid4()))
    assert isinstance(done, Bulk), done
    assert (done.summary.created, done.summary.rejected) == (2, 1)
    for item in done.items:
        if item.completion:
            assert (item.status, item.completion.outcome) == (HTTPStatus.CREATED, Outcome.OUTCOME_CREATED)
        elif item.problem:
            assert (item.index, item.problem.code) == (1, "completion-rejected")
            assert "/cme/0/credits" in [error.pointer for error in item.problem.errors or ()]


def validate(activity: Activity) -> None:
    """Validate a learner; from then on the opaque id replaces names, birth date and numbers."""
    asked = ValidationIn(first_name="Rebecca", last_name="Test", state="TN", license_id="444444")
    answer = validate_learner.sync(client=pars, body=asked)
    assert isinstance(answer, Validation), answer
    assert answer.result is ValidationResult.VALIDATION_RESULT_ONE, answer.hint
    assert answer.learner_id is not None
    body = CompletionIn(
        activity_id=activity.activity_id,
        completed_on="2021-08-01",
        permission=True,
        learner=LearnerIn(learner_id=answer.learner_id),
        cme=[CmeIn(state="TN", credits_=1)],
    )
    reported = report_completion.sync(client=pars, body=body)
    assert isinstance(reported, ReportedCompletion), reported
    assert reported.learner.learner_id == answer.learner_id


def events_after(cursor: str | None) -> tuple[list[ProviderEvent], str]:
    """Read every event after a cursor, and return the next cursor."""
    events: list[ProviderEvent] = []
    while True:
        page = list_events.sync(client=pars, after=cursor) if cursor else list_events.sync(client=pars)
        assert isinstance(page, EventPage), page
        events += page.data
        cursor = page.next_cursor
        if not page.data:
            return events, cursor


def follow(reported: ReportedCompletion, cursor: str) -> None:
    """Follow the events of one completion, in their order."""
    ours: list[ProviderEvent] = []
    while len(ours) < 3:  # Events are published a moment after the change.
        sleep(0.1)
        events, cursor = events_after(cursor)
        ours += [event for event in events if event.data.completion_id == reported.completion_id]
    first, *later = ours
    assert first.type_ is EventType.EVENT_TYPE_COMPLETION_REPORTED
    assert not first.data.credit_id
    assert [event.type_ for event in later] == [EventType.EVENT_TYPE_CREDIT_CORRECTED] * 2
    assert {event.data.credit_id for event in later} == {reported.credits_[0].credit_id}


def every_activity() -> Iterator[Activity]:
    """Page through a list to its end."""
    page = list_activities.sync(client=pars, limit=7)
    while True:
        assert isinstance(page, ActivityPage), page
        yield from page.data
        if page.next_cursor is None:
            return
        page = list_activities.sync(client=pars, limit=7, cursor=page.next_cursor)


def list_in_order(activity: Activity) -> None:
    """List an activity's completions in a chosen order, with their total; the cursor holds the order."""
    page = list_completions.sync(
        client=pars, activity_id=[activity.activity_id], sort="-completed_on,last_name", include=["total"], limit=3
    )
    assert isinstance(page, CompletionPage), page
    assert (page.total, page.total_capped) == (5, False)
    days = [completion.completed_on.isoformat() for completion in page.data]
    while page.next_cursor is not None:
        page = list_completions.sync(client=pars, cursor=page.next_cursor, limit=3)
        assert isinstance(page, CompletionPage), page
        days += [completion.completed_on.isoformat() for completion in page.data]
    assert days == ["2021-08-01", "2021-07-03", "2021-07-01", "2021-06-30", "2021-06-12"]
    since = page.data[-1].submitted_at.isoformat()
    recent = list_completions.sync(client=pars, activity_id=[activity.activity_id], submitted_from=since)
    assert isinstance(recent, CompletionPage), recent
    assert len(recent.data) == 5


def retry() -> None:
    """Send the same request twice with one idempotency key: one activity, and the same answer."""
    key = str(uuid4())
    activity = ActivityIn(title=key, format_="live-course", start_date="2021-02-01", end_date="2021-02-02")
    first, second = (register_activity.sync_detailed(client=pars, body=activity, idempotency_key=key) for _ in range(2))
    assert first.status_code == second.status_code == HTTPStatus.CREATED
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert [activity.title for activity in every_activity()].count(key) == 1


def fail(activity: Activity) -> None:
    """Report something that breaks a rule: the problem says where, why, and what to do."""
    refused = report_completion.sync(client=pars, body=completion_of(activity, 60.3))
    assert isinstance(refused, Problem)
    assert (refused.status, refused.code) == (422, "completion-rejected")
    assert refused.errors
    assert refused.findings
    assert {error.code: error.pointer for error in refused.errors}["credit-quarter"] == "/cme/0/credits"
    assert any(finding.severity is Severity.SEVERITY_REJECT and finding.hint for finding in refused.findings)


def rehearse() -> None:
    """Ask the sandbox what it always answers, and send a row of its table with a test key."""
    sandbox = get_sandbox.sync(client=trial)
    assert isinstance(sandbox, Sandbox), sandbox
    case = next(case for case in sandbox.cases if case.says == "told apart by licence")
    reported = report_completion.sync(client=trial, body=CompletionIn.from_dict(case.send.to_dict()))
    assert isinstance(reported, ReportedCompletion), reported
    assert reported.provider_id == sandbox.provider_id
    expected = [(credit.board, credit.status.value) for credit in case.credits_]
    assert [(credit.board, credit.status.value) for credit in reported.credits_] == expected


def fetched(batch: Batch, which: BatchFile) -> bytes:
    """Return a file of a batch."""
    found = get_batch_file.sync(batch.batch_id, which, client=pars)
    assert isinstance(found, File), found
    return found.payload.read()


def upload(activity: Activity) -> None:
    """Upload a file, and wait for it; rejected records come back as sent, with the reasons."""
    bodies = [completion_of(activity, 1, "2021-09-01"), completion_of(activity, 60.3, "2021-09-02")]
    content = "\n".join(json.dumps(body.to_dict()) for body in bodies).encode()
    form = BatchForm(
        file=File(BytesIO(content), "learners.ndjson"),
        kind=BatchKind.BATCH_KIND_LEARNER_COMPLETIONS,
        permission_attested=True,
    )
    # The client's timeout is five seconds by default: ask the service to wait for less.
    batch = upload_batch.sync(client=pars, body=form, prefer="wait=3", idempotency_key=str(uuid4()))
    assert isinstance(batch, Batch), batch
    while batch.status is not BatchStatus.BATCH_STATUS_COMPLETED:
        batch = get_batch.sync(batch.batch_id, client=pars, prefer="wait=3")
        assert isinstance(batch, Batch), batch
    assert (batch.counts.read, batch.counts.added, batch.counts.rejected) == (2, 1, 1)

    refused = list_batch_rows.sync(batch.batch_id, client=pars, outcome=[RowOutcome.ROW_OUTCOME_REJECTED])
    assert isinstance(refused, RowPage), refused
    assert [(row.row, row.completion_id) for row in refused.data] == [(2, None)]
    assert "credit-quarter" in [finding.rule for finding in refused.data[0].findings]
    sent_back = json.loads(fetched(batch, BatchFile.BATCH_FILE_REJECTED))
    assert "credit-quarter" in [error["code"] for error in sent_back.pop("_errors")]
    assert sent_back == bodies[1].to_dict()
    assert fetched(batch, BatchFile.BATCH_FILE_ORIGINAL) == content


def main() -> None:
    """Run every story."""
    _, cursor = events_after(None)
    activity = register()
    ids = [activity.activity_id for activity in every_activity()]
    assert len(ids) == len(set(ids)) > 7
    assert activity.activity_id in ids
    reported = report(activity)
    correct(activity, reported)
    report_in_few_words(activity)
    report_many(activity)
    validate(activity)
    follow(reported, cursor)
    list_in_order(activity)
    retry()
    fail(activity)
    rehearse()
    upload(activity)
    print("told: create correct page events validate upload problem")


if __name__ == "__main__":
    main()
