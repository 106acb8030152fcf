"""XML and JSON: the two forms of requests and answers under `/pars`.

A request has the form that its `Content-Type` names. It is answered in the form that `Accept` likes most; where that
says nothing, in its own, and without a body in JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from starlette.responses import Response

from app.core.errors import ErrorItem, InvalidRequest, Problem, TooLarge, Unreadable
from app.core.http.accepting import best_of
from app.core.http.exchange import Exchange
from app.core.http.problems import problem_body
from app.core.http.request_heads import charset_of, refuse_codings, refuse_media_type
from app.core.http.routing import StrictRoute, read_json_body
from app.domain.batches import Element, FileFault, FileFaultCode
from app.files.elements import escape_text, render
from app.files.parsing.whole_documents import read_whole
from app.files.shapes.answers import PLAIN, write_xml
from app.files.shapes.envelopes import DEEPEST, envelope_of_json
from app.files.shapes.json_form import NotADocument, elements_of
from app.files.shapes.parts import Part
from app.services.idempotency import Answer

JSON, XML, TEXT_XML = "application/json", "application/xml", "text/xml"
PROBLEM_XML = "application/problem+xml"
_FORMS = (JSON, XML, TEXT_XML)
_IN_A_THREAD = 65_536
"""Bytes of a document for which others should not have to wait."""
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PROBLEMS = "urn:ietf:rfc:7807"
"""The namespace of problems in XML (RFC 9457, appendix B)."""


class ParsRoute(StrictRoute):
    """A route that is answered in XML or JSON, its problems as well."""

    media_types: ClassVar[tuple[str, ...]] = _FORMS
    problem_types: ClassVar[tuple[str, ...]] = ("application/problem+json", PROBLEM_XML)

    def refuse(self, problem: Problem, exchange: Exchange) -> Response | None:
        """Return the answer for a problem where XML is asked for; None for the usual one."""
        if type_of_answer(exchange) == JSON:
            return None
        lines = "".join(_lines_of(problem_body(problem, exchange.request_id)))
        text = f'{_DECLARATION}<problem xmlns="{_PROBLEMS}">{lines}</problem>\n'
        headers = {"Cache-Control": "no-store", **problem.headers}
        return Response(text, problem.status, headers=headers, media_type=PROBLEM_XML)


def _lines_of(value: Any) -> list[str]:
    """Return the elements of a problem: members by their names, entries of a list as `i`."""
    if isinstance(value, Mapping):
        return [f"<{name}>{''.join(_lines_of(inner))}</{name}>" for name, inner in value.items() if inner is not None]
    if isinstance(value, list | tuple):
        return [f"<i>{''.join(_lines_of(inner))}</i>" for inner in value]
    return [escape_text(("true" if value else "false") if isinstance(value, bool) else str(value))]


def _type_of_body(exchange: Exchange) -> str | None:
    """Return the media type of a body as it is declared, or as it begins where nothing is; None for another one."""
    media_type = (exchange.header(b"content-type") or "").partition(";")[0].strip().lower()
    if media_type in _FORMS:
        return media_type
    if media_type.endswith("+xml"):
        return XML
    if media_type.endswith("+json") or media_type == "text/json":
        return JSON
    return None


def type_of_answer(exchange: Exchange) -> str:
    """Return the media type that a request is answered in."""
    own = _type_of_body(exchange) or JSON
    return best_of(exchange.headers.get(b"accept"), (own, *(other for other in _FORMS if other != own)))


def write(value: Any, part: Part, media_type: str) -> str:
    """Return an element, as its JSON form has it, as a document."""
    if media_type == JSON:
        return msgspec.json.encode({part.name: value}).decode()
    if not any(part is one for one in PLAIN):
        (element,) = elements_of(value, part, DEEPEST)
        return _DECLARATION + render(element, {})
    return _DECLARATION + write_xml(value, part)


def write_envelope(value: dict[str, Any]) -> str:
    """Return a body in JSON as the XML that says the same."""
    (element,) = envelope_of_json(value)["c"]
    return _DECLARATION + render(element, {})


def answer(value: Any, part: Part, media_type: str) -> Answer:
    """Return the answer that holds an element."""
    return Answer(status=200, body=write(value, part, media_type), headers={"Content-Type": content_type(media_type)})


def send(value: Any, part: Part, media_type: str) -> Response:
    """Send an element."""
    return Response(write(value, part, media_type), headers={"Content-Type": content_type(media_type)})


def send_list(values: list[Any], part: Part, one: Part, media_type: str) -> Response:
    """Send a document that is a list in JSON, and in XML an element with an element for each."""
    return send(values if media_type == JSON else {one.name: values}, part, media_type)


def content_type(media_type: str) -> str:
    """Return a media type as an answer names it."""
    return media_type if media_type == JSON else f"{media_type}; charset=utf-8"


async def read_document(exchange: Exchange) -> Element:
    """Return the body of a request as an element, read once; raises `Problem`."""
    if exchange.kept is None:
        refuse_codings(exchange.headers)
        media_type = _type_of_body(exchange)
        if media_type is None:
            raise refuse_media_type(exchange.header(b"content-type") or "", _FORMS)
        body = await exchange.body()
        if not body.strip():
            raise InvalidRequest(errors=[_NO_BODY])
        given = exchange.header(b"content-type") or ""
        if len(body) < _IN_A_THREAD:
            exchange.kept = _parse(body, media_type, given)
        else:
            exchange.kept = await asyncio.to_thread(_parse, body, media_type, given)
    kept: Element = exchange.kept
    return kept


_NO_BODY = ErrorItem(
    code="type",
    pointer="",
    detail="The request has no body.",
    hint="Send a document; with curl: --data-binary @FILE.",
)


def _parse(body: bytes, media_type: str, content_type: str) -> Element:
    try:
        if media_type == JSON:
            return envelope_of_json(read_json_body(body, content_type))
        return read_whole(body, DEEPEST, charset_of(content_type))
    except NotADocument as fault:
        item = ErrorItem(code="type", pointer="", detail=str(fault), hint="The documentation of /pars has examples.")
        raise InvalidRequest(errors=[item]) from None
    except FileFault as fault:
        raise (TooLarge if fault.code is FileFaultCode.TOO_LARGE else Unreadable)(fault.detail) from None
