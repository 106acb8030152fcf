"""Heads of requests, held against themselves: nothing that stands twice is taken once, no coding is passed over.

A header that is a list may be sent in several lines, which mean one. Any other that stands twice is refused, and so is
a query parameter with one value that has two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.message import Message
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.types import Scope

from app.core.errors import ErrorItem, ParameterInvalid, ParameterUnknown, UnsupportedMediaType

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


def join_headers(scope: Scope, declared: frozenset[bytes]) -> None:
    """Join the lines of list headers into one.

    Raises `ParameterInvalid` for another declared header that stands twice, `UnsupportedMediaType` for `Content-Type`.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len({name for name, _ in headers}) == len(headers):
        return
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name in declared:
            values.setdefault(name, []).append(value)
    repeated = {name: given for name, given in values.items() if len(given) > 1}
    if b"content-type" in repeated:
        raise UnsupportedMediaType("The header Content-Type stands twice; send it once.")
    if items := [_header_twice(name) for name in repeated if name not in _LISTS]:
        raise ParameterInvalid(errors=items)
    kept = [(name, value) for name, value in headers if name not in repeated]
    scope["headers"] = kept + [(name, b", ".join(given)) for name, given in repeated.items()]


def _header_twice(name: bytes) -> ErrorItem:
    return ErrorItem(
        code=ParameterInvalid.code,
        header=name.decode("latin-1"),
        detail="This header stands twice.",
        hint="Send it once, with the value meant.",
    )


def check_query(query: QueryParams, known: Mapping[str, bool]) -> None:
    """Raise `ParameterUnknown` or `ParameterInvalid` for what a query has beside its known parameters, or twice."""
    given = query.multi_items()
    if unknown := [name for name in dict.fromkeys(name for name, _ in given) if name not in known]:
        raise ParameterUnknown(errors=_items(ParameterUnknown.code, unknown, "This parameter is not known."))
    if with_nul := [name for name, value in given if "\x00" in value]:
        detail = "The text has a character that cannot be stored."
        raise ParameterInvalid(errors=_items(ParameterInvalid.code, with_nul[:1], detail))
    names = [name for name, _ in given]
    if repeated := [name for name in dict.fromkeys(names) if not known[name] and names.count(name) > 1]:
        detail, hint = "This parameter stands twice, and has one value.", "Send it once."
        raise ParameterInvalid(errors=_items(ParameterInvalid.code, repeated, detail, hint))


def _items(code: str, names: Iterable[str], detail: str, hint: str | None = None) -> list[ErrorItem]:
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
