"""The error tree. Each error is a class with a status and a code; one handler gives all of them one shape.

    OperatorFault                            a command cannot do what the operator asked; it prints the sentence
    ├── ConfigurationError                   the settings do not fit together
    └── InstallationFault                    the database or a folder cannot be used as it is
    Contended                                a race was lost; the transaction is repeated
    ProviderMoved                            the provider was merged meanwhile; the request is served again
    CutOff                                   a response cannot be completed; its connection is closed
    Problem                                  an error response (RFC 9457)
    ├── Unreadable 400, ProviderRequired 400
    ├── Unauthenticated 401, Forbidden 403, NotFound 404, MethodNotAllowed 405, NotAcceptable 406
    ├── Conflict 409
    │   ├── InternalIdTaken, InternalIdReused, ActivityChangeCoversCredits, ActivityHasCompletions
    │   └── IdempotencyInProgress
    ├── CursorDiverged, FileRemoved, DownloadGone 410, PreconditionFailed 412, UnsupportedMediaType 415
    ├── RangeRefused 416
    ├── TooLarge 413
    │   └── UploadQuotaExceeded
    ├── UriTooLong 414, HeadersTooLarge 431
    ├── InvalidRequest 422
    │   ├── ParameterUnknown, ParameterInvalid, IdempotencyMismatch, PermissionNotAttested
    │   └── CompletionRejected, ActivityRejected
    ├── PreconditionRequired 428, RateLimited 429
    └── Internal 500, Unavailable 503

The docstring of a problem is its title and its explanation: the page `/problems/{code}` shows both, and an answer
without a detail of its own has the explanation as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from app.core.problem import ErrorItem, Problem, fault_at

__all__ = ["ErrorItem", "Problem", "fault_at"]


class OperatorFault(Exception):
    """A command cannot do what the operator asked; it prints this message, one sentence, and exits with 1."""


class ConfigurationError(OperatorFault):
    """The settings do not fit together; nothing is started."""


class InstallationFault(OperatorFault):
    """The database or a folder cannot be used as it is; nothing is started."""


class Contended(Exception):
    """Another transaction changed what this one had read; this one is rolled back and repeated."""


class ProviderMoved(Exception):
    """The provider acted for was merged into another one meanwhile; nothing was done, and the request begins anew."""


class CutOff(Exception):
    """A response cannot be completed as it began; the connection is closed, so that nobody takes it for complete."""


class Unreadable(Problem):
    """The request cannot be read.

    It is not HTTP/1.1; its body is not JSON or is nested too deeply; or it did not arrive whole. The detail says what
    can be seen. Nothing was done.
    """

    status, code = 400, "unreadable"


class ProviderRequired(Problem):
    """The request must name the provider.

    The client may act for several providers, or for all: name one in the header `PARS-Provider`.
    """

    status, code = 400, "provider-required"


class Unauthenticated(Problem):
    """A valid key or token is needed.

    Send `Authorization: Bearer KEY` with an API key that has not been revoked, or with a token of `POST /oauth/token`.
    Whoever manages your clients, or the operator, makes keys and replaces those that are lost.
    """

    status, code = 401, "unauthenticated"


class Forbidden(Problem):
    """The client may not do this.

    Its scopes do not include the operation, or it may not act for the provider that is named.
    """

    status, code = 403, "forbidden"


class NotFound(Problem):
    """There is nothing here.

    It never existed, it was removed, or the caller may not see it.
    """

    status, code = 404, "not-found"


class MethodNotAllowed(Problem):
    """The method is not allowed at this address.

    The header `Allow` names the methods that it takes.
    """

    status, code = 405, "method-not-allowed"


class NotAcceptable(Problem):
    """The answer is in none of the media types that `Accept` names.

    Send `Accept: application/json`, or leave the header out. Nothing was done.
    """

    status, code = 406, "not-acceptable"


class Conflict(Problem):
    """The request conflicts with the present state.

    The detail says what stands in its way. Nothing was changed.
    """

    status, code = 409, "conflict"


class InternalIdTaken(Conflict):
    """The provider has another activity with this internal id.

    Update that activity, or give the new one an id of its own.
    """

    code = "internal-id-taken"


class InternalIdReused(Conflict):
    """The internal id belongs to an activity that ended before this one starts.

    Next year's series needs an internal id of its own.
    """

    code = "internal-id-reused"


class ActivityChangeCoversCredits(Conflict):
    """The change would make credit that was reported break a rule.

    Correct or withdraw those completions first, or change less: an activity may always be extended.
    """

    code = "activity-change-covers-credits"


class ActivityHasCompletions(Conflict):
    """Learners are reported for the activity.

    Withdraw their completions first: `POST /v1/activities/{activity_id}/withdraw-learners` withdraws all of them.
    """

    code = "activity-has-completions"


class IdempotencyInProgress(Conflict):
    """A request with this idempotency key is still running.

    Send it again after the pause named in `Retry-After`; the answer will be the same.
    """

    code = "idempotency-in-progress"


class CursorDiverged(Problem):
    """The cursor no longer fits the feed.

    The service was restored to an earlier state. Read the feed again from its beginning, without `after`.
    """

    status, code = 410, "cursor-diverged"


class FileRemoved(Problem):
    """The file is no longer kept.

    Files are kept for a time that the operator sets. What became of each record still stands in the rows of the batch.
    """

    status, code = 410, "file-removed"


class DownloadGone(Problem):
    """The download link no longer works.

    A link works once, for ten minutes, and as long as the client that made it may have the file. Make another.
    """

    status, code = 410, "download-gone"


class PreconditionFailed(Problem):
    """The resource does not have the version that `If-Match` names.

    It was changed since it was read, or the header has no ETag that can stand for a version; the detail says which.
    """

    status, code = 412, "precondition-failed"


class TooLarge(Problem):
    """The request is too large.

    Send less at once.
    """

    status, code = 413, "too-large"


class UploadQuotaExceeded(TooLarge):
    """The provider's upload quota is used up.

    Uploads that arrive or wait count towards it, and so do the originals of batches. Nothing of the file was stored.
    Send it again when other uploads have ended, or ask the operator for a larger quota.
    """

    code = "upload-quota-exceeded"


class UriTooLong(Problem):
    """The address of the request is too long.

    Name fewer values in the query, or ask in several requests. The connection was closed.
    """

    status, code = 414, "uri-too-long"


class UnsupportedMediaType(Problem):
    """The body's media type or coding is not supported here.

    Send `Content-Type: application/json`, a file as `multipart/form-data`, in UTF-8 and without `Content-Encoding`.
    """

    status, code = 415, "unsupported-media-type"


class RangeRefused(Problem):
    """The file is sent whole or not at all.

    It is made as it is sent, and has no parts that could be asked for. Send the request without `Range`; a download
    that broke off begins anew.
    """

    status, code = 416, "range-refused"


class InvalidRequest(Problem):
    """The request does not have the required form.

    A field is unknown, repeated, of the wrong type or too long; or the values given do not allow what is asked for.
    Every such fault is listed; nothing was stored.
    """

    status, code = 422, "invalid-request"


class PermissionNotAttested(InvalidRequest):
    """The learners' permission to report is not attested.

    Send `permission_attested=true` with the file once the learners have agreed.
    """

    code = "permission-not-attested"


class ParameterUnknown(InvalidRequest):
    """The request has a parameter or header that is not known.

    Every one of them is listed, with the name that may be meant. Nothing was done.
    """

    code = "parameter-unknown"


class ParameterInvalid(InvalidRequest):
    """A parameter or header cannot be read.

    Every one of them is listed, with the form that it must have. Nothing was done.
    """

    code = "parameter-invalid"

    @classmethod
    def of(cls, parameter: str, detail: str, hint: str) -> Self:
        """Return the problem of one parameter."""
        return cls(errors=[ErrorItem(code=cls.code, parameter=parameter, detail=detail, hint=hint)])


class IdempotencyMismatch(InvalidRequest):
    """The idempotency key was used for another request.

    A key belongs to one request, with its method, address and body. Give a new request a new key.
    """

    code = "idempotency-mismatch"


class CompletionRejected(InvalidRequest):
    """The completion breaks reporting rules.

    `errors` lists every rule that it breaks, `findings` the warnings as well. Nothing was stored.
    """

    code = "completion-rejected"


class ActivityRejected(InvalidRequest):
    """The activity breaks registration rules.

    `errors` lists every rule that it breaks, `findings` the warnings as well. Nothing was stored.
    """

    code = "activity-rejected"


class PreconditionRequired(Problem):
    """A change needs an `If-Match` header.

    Send the `ETag` of the resource as you read it, with its quotes, so that nobody else's change is overwritten.
    """

    status, code = 428, "precondition-required"


class RateLimited(Problem):
    """Too many requests.

    This client, all clients of the provider together, or this address sent more than they may; the detail says which.
    Nothing was done: wait as long as `Retry-After` says, send it again, and go on more slowly.
    """

    status, code = 429, "rate-limited"


class HeadersTooLarge(Problem):
    """The headers of the request are too large.

    A header, all of them together, their number or the trailers are over a limit. The connection was closed.
    """

    status, code = 431, "headers-too-large"


class Internal(Problem):
    """The service failed.

    Nothing was stored. The request id finds it in the operator's log.
    """

    status, code = 500, "internal"


class Unavailable(Problem):
    """The service cannot do this at the moment.

    The request may or may not have been stored. Send it again, best with an idempotency key.
    """

    status, code = 503, "unavailable"
    rolled_back: bool = False
    """Whether the work was certainly rolled back."""


def every_problem(of: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Yield every class of problem, in the order of the tree."""
    for kind in of.__subclasses__():
        yield kind
        yield from every_problem(kind)
