"""Heads of requests, held against themselves: nothing that stands twice is taken once, no coding is passed over.

A header that is a list may be sent in several lines, which mean one. Any other that stands twice is refused, and so is
a query parameter with one value that has two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from email.message import Message
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import unquote_to_bytes

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.types import Scope

from app.core.errors import ErrorItem, ParameterInvalid, ParameterUnknown, UnsupportedMediaType
from app.core.http.near_misses import hint_at, plain

MAX_ERRORS = 100
CODINGS = {b"content-encoding": ("", "identity"), b"transfer-encoding": ("", "identity", "chunked")}
"""Headers that say how a body is coded, with the codings that leave it as it is."""
_LISTS = frozenset({b"if-match", b"if-none-match", b"prefer", *CODINGS})
"""Headers that are lists, among those that routes declare."""
UTF_8 = frozenset({"", "utf-8", "utf8", "utf_8", "us-ascii", "ascii"})
"""Charsets of which a body in UTF-8 may be, or that say nothing."""


def declared_headers(dependant: Dependant) -> frozenset[bytes]:
    """Return the names of the headers that a route declares, in lower case."""
    names = {field.alias.lower().encode() for field in dependant.header_params}
    return frozenset(names.union(*map(declared_headers, dependant.dependencies)))


def query_parameters(dependant: Dependant) -> dict[str, bool]:
    """Return the query parameters that a route declares, each with whether it may be repeated."""
    found: dict[str, bool] = {}
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            found |= {inner.alias or name: _is_list(inner.annotation) for name, inner in model.model_fields.items()}
        else:
            found[field.alias] = _is_list(model)
    for inner in dependant.dependencies:
        found |= query_parameters(inner)
    return found


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Annotated, Union, UnionType):
        return any(map(_is_list, get_args(annotation)))
    return origin in (list, set, frozenset, tuple)


def join_headers(scope: Scope, declared: frozenset[bytes]) -> list[ErrorItem]:
    """Join the lines of list headers into one; return the faults of other declared headers that stand twice.

    Raises `UnsupportedMediaType` for `Content-Type`.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len({name for name, _ in headers}) == len(headers):
        return []
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in declared:
            values.setdefault(name, []).append(value)
    repeated = {name: given for name, given in values.items() if len(given) > 1}
    if b"content-type" in repeated:
        raise UnsupportedMediaType("The header Content-Type stands twice; send it once.")
    kept = [(name, value) for name, value in headers if name not in repeated]
    scope["headers"] = kept + [(name, b", ".join(given)) for name, given in repeated.items()]
    return [_header_twice(name) for name in repeated if name not in _LISTS]


def _header_twice(name: bytes) -> ErrorItem:
    return ErrorItem(
        code=ParameterInvalid.code,
        header=as_documented(name.decode("latin-1")),
        detail="This header stands twice.",
        hint="Send it once, with the value meant.",
    )


def as_documented(name: str) -> str:
    """Return the name of a header of this service as its description writes it."""
    return name.title().replace("Pars", "PARS")


def misspelt_headers(headers: Mapping[bytes, bytes], declared: frozenset[bytes]) -> list[ErrorItem]:
    """Return the faults of headers whose names are near to one that is declared and was not sent.

    Any other header that is not known means nothing here, and is passed over: proxies and clients add their own.
    """
    if headers.keys() <= _OTHERS:
        return []
    faults = []
    for name in headers.keys() - _OTHERS:
        meant = _meant_by(name)
        if meant is None:
            if len(_OTHERS) < _MOST_OTHERS:
                _OTHERS.add(name)
        elif meant in declared and meant not in headers:
            faults.append(
                ErrorItem(
                    code=ParameterUnknown.code,
                    header=name.decode("latin-1")[:100],
                    detail="This header is not known.",
                    hint=f"Did you mean {as_documented(meant.decode())}?",
                )
            )
    return faults


def _meant_by(name: bytes) -> bytes | None:
    """Return the header of this service that a name is near to, without being it."""
    if name in _OWN:
        return None
    text = plain(name.decode("latin-1")).removeprefix("x")
    return next((own for own, key in _OWN.items() if SequenceMatcher(None, text, key).ratio() >= _NEAR), None)


_OWN = {name: plain(name.decode()) for name in (b"pars-provider", b"idempotency-key", b"if-match")}
"""Headers without which a request means something else: to pass over one that is misspelt would do harm."""
_NEAR = 0.85
_OTHERS = set(_OWN)
"""Names of headers that are near to none of these, as they came; a request has the same ones as those before it."""
_MOST_OTHERS = 1_000


def query_faults(query: QueryParams, known: Mapping[str, bool], as_sent: bytes) -> list[ErrorItem]:
    """Return the faults of a query: parameters that are not known, have a NUL, are no UTF-8, or stand twice."""
    given = query.multi_items()
    names = [name for name, _ in given]
    faults = [
        ErrorItem(
            code=ParameterUnknown.code,
            parameter=name[:100],
            detail="This parameter is not known.",
            hint=hint_at(name, known, "parameter"),
        )
        for name in list(dict.fromkeys(name for name in names if name not in known))[:MAX_ERRORS]
    ]
    with_nul = dict.fromkeys(name for name, value in given if "\x00" in value and name in known)
    faults += _items(with_nul, "The text has a character that cannot be stored.", "Leave NUL characters out.")
    unread = dict.fromkeys(name for name, value in given if _LOST in value and name in known)
    if unread and not _is_utf8(as_sent):
        faults += _items(
            unread, "The text is not UTF-8.", "Percent-encode its letters as UTF-8, for example %C3%A9 for é."
        )
    repeated = dict.fromkeys(name for name in names if known.get(name) is False and names.count(name) > 1)
    faults += _items(repeated, "This parameter stands twice, and has one value.", "Send it once.")
    return faults


_LOST = "\ufffd"
"""What stands in the place of bytes that could not be read."""


def _is_utf8(encoded: bytes) -> bool:
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True


def _items(names: Iterable[str], detail: str, hint: str) -> list[ErrorItem]:
    code = ParameterInvalid.code
    return [ErrorItem(code=code, parameter=name[:100], detail=detail, hint=hint) for name in list(names)[:MAX_ERRORS]]


def refuse_codings(headers: Mapping[bytes, bytes]) -> None:
    """Raise `UnsupportedMediaType` for a body that is sent in a coding, before anything of it is read."""
    for name, known in CODINGS.items():
        value = headers.get(name)
        if value is not None:
            codings = [coding.strip(" \t") for coding in value.decode("latin-1").lower().split(",")]
            if coding := next((coding for coding in codings if coding not in known), ""):
                shown = coding if coding.replace("-", "").isalnum() and coding.isascii() and len(coding) < 20 else ""
                raise UnsupportedMediaType(
                    f"The body is sent with {name.decode().title()}: {shown or 'something unknown'}; bodies are read "
                    f"as they are. Send it uncompressed, without {name.decode().title()}.",
                    headers={"Accept-Encoding": "identity"},
                )


def charset_of(content_type: str) -> str:
    """Return the charset that a media type names, in lower case; empty where it names none."""
    if "charset" not in content_type.lower():
        return ""
    message = Message()
    message["content-type"] = content_type
    charset = message.get_param("charset", "")
    return charset.strip().lower() if isinstance(charset, str) else "unknown"


def refuse_media_type(content_type: str, supported: Iterable[str]) -> UnsupportedMediaType:
    """Return the problem of a body of another media type than those supported, or of none."""
    wanted = " or ".join(supported)
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type:
        return UnsupportedMediaType(f"The request has no Content-Type; send Content-Type: {wanted}.")
    if media_type == "application/x-www-form-urlencoded":
        detail = "The body is declared as a form, as curl does with -d alone"
    elif media_type == "multipart/form-data":
        detail = "The body is declared as an upload, which this operation does not take"
    else:
        detail = "The body's media type is not supported"
    return UnsupportedMediaType(f"{detail}; send Content-Type: {wanted}.")
