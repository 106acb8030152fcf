"""ASGI middleware around every request: request id, log line, metrics, and limits of the body in size and time."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.clock import new_id
from app.core.errors import Conflict, CutOff, Internal, TooLarge, Unreadable
from app.core.http.problems import WrappedProblem, problem_response
from app.core.http.protocol import BODY_FAULT
from app.core.logging import error_fields, log

_REQUEST_ID = re.compile(rb"\A[A-Za-z0-9._:-]{1,128}\Z")
MIN_UPLOAD_RATE = 20_000
"""Bytes a second that an upload must arrive with, once the deadline of small bodies has passed."""
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})


def _metrics(registry: CollectorRegistry) -> tuple[Counter, Histogram]:
    return (
        Counter("pars_requests", "Requests answered.", ("method", "route", "status"), registry=registry),
        Histogram("pars_request_seconds", "Time to answer.", ("method", "route"), registry=registry),
    )


_REQUESTS, _SECONDS = _metrics(REGISTRY)


class RequestMiddleware:
    """Gives a request its id, limits its body, and counts, times and logs it by its route, never by its address."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        upload_limit: int,
        body_deadline: float,
        uploads: frozenset[tuple[str, str]],
    ) -> None:
        """Limit bodies to `body_limit` bytes, and to `upload_limit` at the methods and paths of `uploads` only.

        `body_deadline` is in seconds.
        """
        self.app = app
        self.uploads = uploads
        self.body_limit = body_limit
        self.upload_limit = upload_limit
        self.body_deadline = body_deadline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _REQUEST_ID.match(given) else new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        added = [(b"x-request-id", request_id.encode())]
        if b"traceparent" in headers and len(headers[b"traceparent"]) <= 64:
            added.append((b"traceparent", headers[b"traceparent"]))
        answer: dict[str, Any] = {"status": 500, "started": False}

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.update(status=message["status"], started=True)
                message.setdefault("headers", [])
                of_route = scope["state"].get("headers", ())
                message["headers"] = [*message["headers"], *added, *of_route]
            await send(message)

        started = time.perf_counter()
        try:
            upload = (scope["method"], scope["path"]) in self.uploads
            await self.app(scope, self._limit(scope["state"], headers, receive, upload), reply)
        except WrappedProblem as error:
            # The body broke a limit outside the handlers of the application.
            if not answer["started"]:
                await problem_response(error.problem, request_id)(scope, receive, reply)
        except CutOff as reason:
            # Returning without the end of the answer makes the server close the connection where it stands.
            log.warning("answer cut off", request_id=request_id, reason=str(reason))
            if not answer["started"]:
                await problem_response(Conflict(str(reason)), request_id)(scope, receive, reply)
        except Exception as error:
            log.error("request failed", request_id=request_id, **error_fields(error))
            if not answer["started"]:
                await problem_response(Internal(), request_id)(scope, receive, reply)
        finally:
            self._record(scope, answer["status"], time.perf_counter() - started, request_id)

    def _limit(
        self, state: Mapping[str, Any], headers: MutableMapping[bytes, bytes], receive: Receive, upload: bool
    ) -> Receive:
        """Return a `receive` that raises `WrappedProblem` for a body that is too large, too slow, or broken."""
        declared = headers.get(b"content-length", b"")
        limit = self.upload_limit if upload else self.body_limit
        received = 0
        deadline = time.monotonic() + self.body_deadline
        complete = False

        async def limited() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            if declared.isdigit() and int(declared) > limit:
                raise WrappedProblem(
                    TooLarge(f"The body may have at most {limit} bytes.", headers={"Connection": "close"})
                )
            # A large file may take longer, as long as it keeps arriving.
            allowed = received / MIN_UPLOAD_RATE if upload else 0
            patience = min(deadline + allowed - time.monotonic(), self.body_deadline)
            try:
                async with asyncio.timeout(patience):
                    message = await receive()
            except TimeoutError:
                raise WrappedProblem(
                    Unreadable("The body did not arrive in time.", headers={"Connection": "close"})
                ) from None
            if BODY_FAULT in state:
                raise WrappedProblem(state[BODY_FAULT])
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if received > limit:
                    raise WrappedProblem(
                        TooLarge(f"The body may have at most {limit} bytes.", headers={"Connection": "close"})
                    )
            return message

        return limited

    @staticmethod
    def _record(scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        method = scope["method"] if scope["method"] in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD") else "OTHER"
        _REQUESTS.labels(method, route, status).inc()
        _SECONDS.labels(method, route).observe(seconds)
        if route not in _QUIET:
            log.info(
                "request",
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 2),
                request_id=request_id,
                client_id=scope["state"].get("client_id"),
            )
