"""What a provider's system does, with the client that `openapi-python-client` makes of `openapi/openapi.json`.

`make check-clients` generates the client, checks the types of this file, and runs it against a server.
"""

import os
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from uuid import uuid4

from files_client import Client as FilesClient
from files_client.api.files import get_file, send_file
from files_client.models import SendFileForm, SendFileFormKind, SentFile
from files_client.types import File
from pars_client import AuthenticatedClient
from pars_client.api.activities import list_activities, register_activity
from pars_client.api.learner_completions import get_completion, report_completion
from pars_client.models import (
    Activity,
    ActivityIn,
    ActivityPage,
    ActivityStatus,
    CmeIn,
    Completion,
    CompletionIn,
    CreditKind,
    DeliveryMethod,
    LearnerIn,
    Listing,
    Outcome,
    Problem,
    Providership,
    ReportedCompletion,
    Severity,
)

pars = AuthenticatedClient(base_url=os.environ["PARS_URL"], token=os.environ["PARS_KEY"])
files = FilesClient(base_url=os.environ["FILES_URL"])


def register() -> Activity:
    """Register an activity: what may be absent is left out, and enums are names rather than texts."""
    activity = ActivityIn(
        title="Airway course",
        format_="live-course",
        start_date="2021-01-01",
        end_date="2021-12-31",
        ama_pra_credits=10,
        delivery_methods=[DeliveryMethod.ONLINE],
        description="Two days in the simulation centre.",
        providership=Providership.DIRECT,
        listing=Listing(public=False),
    )
    made = register_activity.sync(client=pars, body=activity)
    assert isinstance(made, Activity), made
    assert made.status is not ActivityStatus.DRAFT, made.missing
    return made


def completion_of(activity: Activity, credits_: float) -> CompletionIn:
    """Rebecca Test completed the activity, and has a licence in Tennessee."""
    return CompletionIn(
        activity_id=activity.activity_id,
        completed_on="2021-06-12",
        permission=True,
        learner=LearnerIn(first_name="Rebecca", last_name="Test", date_of_birth="02/01"),
        cme=[CmeIn(state="TN", license_id="444444", credits_=credits_)],
    )


def report(activity: Activity) -> None:
    """Report a completion, then read it again."""
    reported = report_completion.sync(client=pars, body=completion_of(activity, 2))
    assert isinstance(reported, ReportedCompletion), reported
    assert reported.outcome is Outcome.CREATED
    (credit,) = reported.credits_
    assert (credit.kind, credit.board, credit.credits_) == (CreditKind.CME, "TN-M", 2)
    found = get_completion.sync(reported.completion_id, client=pars)
    assert isinstance(found, Completion)
    assert found.credits_ == reported.credits_


def every_activity() -> Iterator[Activity]:
    """Page through a list to its end."""
    page = list_activities.sync(client=pars, limit=7)
    while True:
        assert isinstance(page, ActivityPage), page
        yield from page.data
        if page.next_cursor is None:
            return
        page = list_activities.sync(client=pars, limit=7, cursor=page.next_cursor)


def retry() -> None:
    """Send the same request twice with one key: the answer is the same, and there is one activity."""
    key = str(uuid4())
    activity = ActivityIn(title=key, format_="live-course", start_date="2021-02-01", end_date="2021-02-02")
    first, second = (register_activity.sync_detailed(client=pars, body=activity, idempotency_key=key) for _ in range(2))
    assert first.status_code == second.status_code == HTTPStatus.CREATED
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert [each.title for each in every_activity()].count(key) == 1


def fail(activity: Activity) -> None:
    """Report what breaks a rule: the problem says where, why, and what to do."""
    refused = report_completion.sync(client=pars, body=completion_of(activity, 60.3))
    assert isinstance(refused, Problem)
    assert (refused.status, refused.code) == (422, "completion-rejected")
    assert refused.errors
    assert refused.findings
    assert {error.code: error.pointer for error in refused.errors}["credit-quarter"] == "/cme/0/credits"
    assert any(finding.severity is Severity.REJECT and finding.hint for finding in refused.findings)


def upload() -> None:
    """Send a file, and fetch it again byte for byte."""
    content = bytes(range(256)) * 64
    form = SendFileForm(file=File(BytesIO(content), "learners.xlsx"), kind=SendFileFormKind.LEARNER_COMPLETIONS)
    sent = send_file.sync(client=files, body=form)
    assert isinstance(sent, SentFile), sent
    assert sent.size == len(content)
    fetched = get_file.sync(sent.file_id, client=files)
    assert isinstance(fetched, File)
    assert fetched.payload.read() == content


activity = register()
report(activity)
ids = [each.activity_id for each in every_activity()]
assert len(ids) == len(set(ids)) > 7
assert activity.activity_id in ids
retry()
fail(activity)
upload()
print("the Python client told its stories")
