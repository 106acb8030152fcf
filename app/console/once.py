"""Forms that count once: a double click, a reload or a second tab of the same form does nothing twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import msgspec
from fastapi import Request

from app.console.routes import SentFields
from app.console.visitors import Visitor
from app.services.context import Work, transact_async
from app.services.idempotency import Answer, once

P = ParamSpec("P")
T = TypeVar("T")
_OWN_FIELDS = frozenset({"token", "key"})


class Done(msgspec.Struct, Generic[T], frozen=True):
    """What came of a form."""

    result: T | None
    """None where the same form was sent before: it was done then, and nothing was done now."""

    @property
    def again(self) -> bool:
        """Whether the same form was sent before."""
        return self.result is None


async def submit_once(
    request: Request,
    visitor: Visitor,
    sent: SentFields,
    verb: Callable[Concatenate[Work, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Done[T]:
    """Do what a form asks for, unless the same form with the same fields did it before.

    A form that was changed after it was taken is another one. What failed may be sent again.
    """
    key = next(iter(sent.get("key", ())), "")
    fields = sorted((name, values) for name, values in sent.items() if name not in _OWN_FIELDS)
    digest = hashlib.sha256(repr((key, request.url.path, fields)).encode()).hexdigest()
    caller = visitor.caller if not key else msgspec.structs.replace(
        visitor.caller, idempotency_key=f"form {digest}", fingerprint=digest
    )  # fmt: skip
    return await transact_async(caller, _do_once, verb, args, kwargs)


def _do_once(work: Work, verb: Callable[..., T], args: Any, kwargs: Any) -> Done[T]:
    made: list[T] = []

    def produce(work: Work) -> Answer:
        made.append(verb(work, *args, **kwargs))
        # Nothing of the result is kept: a secret is shown in the first answer, and never again.
        return Answer(status=303, body="")

    once(work, produce)
    return Done(made[0] if made else None)
