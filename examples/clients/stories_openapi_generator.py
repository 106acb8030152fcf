"""A provider's system, using the client that openapi-generator writes in Python.

`make check-clients` generates the client, checks the types of this file, and runs it against a server.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import date
from time import sleep
from uuid import uuid4

import openapi_client as pars
from openapi_client import (
    Activity,
    ActivityIn,
    ActivityStatus,
    BatchFile,
    BatchKind,
    BatchStatus,
    CmeIn,
    CompletionIn,
    CreditKind,
    DeliveryMethod,
    EventType,
    LearnerIn,
    Listing,
    Outcome,
    Problem,
    ProviderEvent,
    Providership,
    ReportedCompletion,
    RowOutcome,
    Severity,
    ValidationIn,
    ValidationResult,
)

client = pars.ApiClient(pars.Configuration(host=os.environ["PARS_URL"], access_token=os.environ["PARS_KEY"]))
activities = pars.ActivitiesApi(client)
completions = pars.LearnerCompletionsApi(client)
validations = pars.LearnerValidationsApi(client)
events = pars.EventsApi(client)
batches = pars.BatchesApi(client)


def register() -> Activity:
    """Register an activity: optional fields are left out, and enums are names rather than texts."""
    body = ActivityIn(
        title="Airway course",
        format="live-course",
        start_date="2021-01-01",
        end_date="2021-12-31",
        ama_pra_credits=10,
        delivery_methods=[DeliveryMethod.DELIVERY_METHOD_ONLINE],
        description="Two days in the simulation centre.",
        providership=Providership.PROVIDERSHIP_DIRECT,
        listing=Listing(public=False),
    )
    made = activities.register_activity(body, idempotency_key=str(uuid4()))
    assert made.status is not ActivityStatus.ACTIVITY_STATUS_DRAFT, made.missing
    return made


def completion_of(activity: Activity, amount: float, day: str = "2021-06-12") -> CompletionIn:
    """Rebecca Test completed the activity, and has a licence in Tennessee."""
    return CompletionIn(
        activity_id=activity.activity_id,
        completed_on=day,
        permission=True,
        learner=LearnerIn(first_name="Rebecca", last_name="Test", date_of_birth="02/01"),
        cme=[CmeIn(state="TN", license_id="444444", credits=amount)],
    )


def create(activity: Activity) -> ReportedCompletion:
    """Report a completion with an idempotency key, twice: the second answer is the stored one."""
    body, key = completion_of(activity, 3), str(uuid4())
    first = completions.report_completion_with_http_info(body, idempotency_key=key)
    again = completions.report_completion_with_http_info(body, idempotency_key=key)
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert "idempotency-replayed" in {name.lower() for name in again.headers or ()}
    reported = first.data
    assert reported.outcome is Outcome.OUTCOME_CREATED
    assert reported.completed_on == date(2021, 6, 12)
    (credit,) = reported.credits
    assert (credit.kind, credit.board, credit.credits) == (CreditKind.CREDIT_KIND_CME, "TN-M", 3)
    assert completions.get_completion(reported.completion_id).credits == reported.credits
    return reported


def correct(activity: Activity, reported: ReportedCompletion) -> None:
    """Correct the version that was read; with an older version the service refuses."""
    corrected = completions.correct_completion(reported.completion_id, '"1"', completion_of(activity, 4))
    assert (corrected.outcome, corrected.version) == (Outcome.OUTCOME_UPDATED, 2)
    late = problem_of(lambda: completions.correct_completion(reported.completion_id, '"1"', completion_of(activity, 5)))
    assert (late.status, late.code) == (412, "precondition-failed")
    done = completions.correct_completion_with_http_info(
        reported.completion_id, '"2"', completion_of(activity, 5), prefer="return=minimal"
    )
    assert done.status_code == 204


def every_activity() -> Iterator[Activity]:
    """Page through a list to its end."""
    cursor = None
    while True:
        listed = activities.list_activities(limit=7, cursor=cursor)
        yield from listed.data
        cursor = listed.next_cursor
        if cursor is None:
            return


def page(activity: Activity) -> None:
    """Read a list to its end, and a filtered one with its total."""
    found = [listed.activity_id for listed in every_activity()]
    assert len(found) == len(set(found)) > 7
    assert activity.activity_id in found
    recent = completions.list_completions(
        activity_id=[activity.activity_id],
        kind=[CreditKind.CREDIT_KIND_CME],
        include=["total"],
        sort="-completed_on,last_name",
        submitted_from="2021-06-12",
    )
    assert (recent.total, len(recent.data)) == (1, 1)


def last_cursor() -> str:
    """Read every event, and return the cursor behind the last."""
    read = events.list_events()
    while read.data:
        read = events.list_events(after=read.next_cursor)
    return read.next_cursor


def follow(reported: ReportedCompletion, cursor: str) -> None:
    """Follow the events of one completion, which appear a moment after the request that caused them."""
    ours: list[ProviderEvent] = []
    while len(ours) < 3:
        sleep(0.1)
        read = events.list_events(after=cursor)
        ours += [event for event in read.data if event.data.completion_id == reported.completion_id]
        cursor = read.next_cursor
    corrected = EventType.EVENT_TYPE_CREDIT_CORRECTED
    assert [event.type for event in ours] == [EventType.EVENT_TYPE_COMPLETION_REPORTED, corrected, corrected]


def validate() -> None:
    """Ask whether a physician is known."""
    asked = ValidationIn(first_name="Rebecca", last_name="Test", state="TN", license_id="444444")
    answer = validations.validate_learner(asked)
    assert answer.result is ValidationResult.VALIDATION_RESULT_ONE, answer.hint
    assert answer.learner_id


def upload(activity: Activity) -> None:
    """Upload two records, one of them wrong, and wait; the rejected one comes back as it was sent."""
    bodies = [completion_of(activity, 0.5, "2021-09-01"), completion_of(activity, 60.3, "2021-09-02")]
    content = "\n".join(body.to_json() for body in bodies).encode()
    batch = batches.upload_batch(
        file=("learners.ndjson", content),
        kind=BatchKind.BATCH_KIND_LEARNER_COMPLETIONS,
        permission_attested=True,
        prefer="wait=20",
        idempotency_key=str(uuid4()),
    )
    while batch.status is not BatchStatus.BATCH_STATUS_COMPLETED:
        batch = batches.get_batch(batch.batch_id, prefer="wait=20")
    counts = batch.counts
    assert (counts.read, counts.added, counts.rejected, counts.one) == (2, 1, 1, None)
    refused = batches.list_batch_rows(batch.batch_id, outcome=[RowOutcome.ROW_OUTCOME_REJECTED])
    assert [row.row for row in refused.data] == [2]
    assert "credit-quarter" in [finding.rule for finding in refused.data[0].findings]
    sent_back = json.loads(batches.get_batch_file(batch.batch_id, BatchFile.BATCH_FILE_REJECTED))
    assert sent_back.pop("_errors")
    assert sent_back == bodies[1].to_dict()
    assert batches.get_batch_file(batch.batch_id, BatchFile.BATCH_FILE_ORIGINAL) == content


def problem_of(request: Callable[[], object]) -> Problem:
    """Send a request that is refused; return the problem."""
    try:
        request()
    except pars.ApiException as refused:
        problem = refused.data
    else:
        raise AssertionError("the request was taken")
    assert isinstance(problem, Problem)
    return problem


def fail(activity: Activity) -> None:
    """Report something that breaks a rule: the problem says where, why, and what to do."""
    problem = problem_of(lambda: completions.report_completion(completion_of(activity, 60.3)))
    assert (problem.status, problem.code) == (422, "completion-rejected")
    assert ("credit-quarter", "/cme/0/credits") in [(error.code, error.pointer) for error in problem.errors or ()]
    rejecting = [finding for finding in problem.findings or () if finding.severity is Severity.SEVERITY_REJECT]
    assert rejecting
    assert all(finding.hint for finding in rejecting)


def grow(reported: ReportedCompletion) -> None:
    """Read an answer of a later service, which has fields that this client does not know."""
    told = json.loads(reported.to_json())
    told["colour"] = told["credits"][0]["colour"] = "blue"
    later = ReportedCompletion.from_dict(told)
    assert later is not None
    assert later.completion_id == reported.completion_id


def main() -> None:
    """Run every story."""
    cursor = last_cursor()
    activity = register()
    reported = create(activity)
    correct(activity, reported)
    page(activity)
    follow(reported, cursor)
    validate()
    upload(activity)
    fail(activity)
    grow(reported)
    print("told: create correct page events validate upload problem grow")


if __name__ == "__main__":
    main()
