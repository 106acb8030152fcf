"""Forms that count once: a double click, a reload or a second tab of the same form does nothing twice.

`keyed` is for a form whose answer is kept and given again; `submit_once` for one of which nothing may be kept. A form
that was changed after it was taken is refused under its key, or is another one by `one_form`, and `settle_file_form`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import msgspec
from fastapi import Request

from app.console.drawn_forms import Said
from app.console.frame import Flash
from app.console.routes import OWN_FIELDS, SentFields, value_of
from app.console.visitors import Visitor
from app.core.errors import Forbidden
from app.core.http.multipart import Form
from app.services.context import BYTES_AS_ONE, Caller, Work, transact_async
from app.services.idempotency import Answer, once

P = ParamSpec("P")
T = TypeVar("T")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,100}", re.ASCII)
SENT_BEFORE = Said(
    pointer="",
    text="This form was sent before, with other values. What that sent stands.",
    hint="Send it again to have these values as well.",
)
"""What is said of a form whose key was used for other values, as after going back to a page."""


NOTHING_AGAIN = Flash(text="This form was sent before: nothing was done again.", kind="warn")
"""What is said of a form that did before what somebody may have undone since."""


class Done(msgspec.Struct, Generic[T], frozen=True):
    """What came of a form."""

    result: T | None
    """None where the same form was sent before."""
    again: bool
    """Whether it was: it was done then, and nothing was done now."""


def key_of(sent: SentFields) -> str | None:
    """Return the key that a form was drawn with; None without one, and for what no page of ours draws."""
    key = value_of(sent, "key")
    return key if _KEY.fullmatch(key) else None


def keyed(visitor: Visitor, sent: SentFields, what: str, body: Any) -> Caller:
    """Return the caller of a form, with its key and a fingerprint of the body that it stands for."""
    fingerprint = hashlib.sha256(json.dumps([what, body], sort_keys=True).encode()).hexdigest()
    return msgspec.structs.replace(visitor.caller, idempotency_key=key_of(sent), fingerprint=fingerprint)


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
    caller = one_form(keyed(visitor, sent, request.url.path, without_own_fields(sent)))
    return await transact_async(caller, _do_once, verb, args, kwargs)


def one_form(caller: Caller) -> Caller:
    """Return the caller of a keyed form with a key of its own for what the form says: changed, it is another one."""
    if caller.idempotency_key is None:
        return caller
    return msgspec.structs.replace(caller, idempotency_key=f"form {caller.idempotency_key} {caller.fingerprint}")


def settle_file_form(request: Request, visitor: Visitor, form: Form) -> Caller:
    """Return the caller that a form is sent once by whose file `file` was stored as it arrived.

    With another file, it is another form. Raises `Forbidden` for a form of another session.
    """
    tokens = form.fields.get("token", [])
    if len(tokens) != 1:
        raise Forbidden("The form has no token of this session. Load the page again, and send it from there.")
    visitor.hold(tokens[0])
    if form.files == ["file"] and not form.filename:
        # A browser sends the field though nothing was chosen.
        form.files = []
    visitor.caller.charge_arrived(form.size, BYTES_AS_ONE)
    return one_form(keyed(visitor, form.fields, request.url.path, [without_own_fields(form.fields), form.digest]))


def without_own_fields(sent: SentFields) -> SentFields:
    """Return the fields of a form but for those that every form has."""
    return {name: values for name, values in sent.items() if name not in OWN_FIELDS}


def _do_once(work: Work, verb: Callable[..., T], args: Any, kwargs: Any) -> Done[T]:
    made: list[T] = []

    def produce(work: Work) -> Answer:
        made.append(verb(work, *args, **kwargs))
        # Nothing of the result is kept: a secret is shown in the first answer, and never again.
        return Answer(status=303, body="")

    once(work, produce)
    return Done(made[0] if made else None, again=not made)
