"""Documents sent to `/pars`, and what is answered to each of their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from tests.builders.pars_documents import XML, xml
from tests.harness.api import Answer, Api

LEARNERS, ACTIVITIES = "/pars/learner-activities", "/pars/activities"


def send_xml(api: Api, path: str, body: bytes | Mapping[str, Any], **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else xml(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send("POST", path, headers={"Content-Type": XML} | named, content=content)


def value_of(element: ElementTree.Element) -> Any:
    """Return an answer in XML as its JSON form has it; what stands several times is a list."""
    name = element.tag.rpartition("}")[2]
    if not len(element) and not element.attrib:
        return int(element.text or "0") if name in NUMBERS else element.text
    found: dict[str, Any] = dict(element.attrib)
    if not len(element) and element.text and element.text.strip():
        found["value"] = element.text
    for child in element:
        key = child.tag.rpartition("}")[2]
        found.setdefault(key, []).append(value_of(child))
    return {key: one if key in MANY or not isinstance(one, list) else one[0] for key, one in found.items()}


NUMBERS = {"Number", "Occasion"}
MANY = {"ActivityReport", "CreditCertificate", "Finding", "MedicalEducationMetrics", "identifier", "Missing"}


def read(answer: Answer) -> Any:
    """Return the document of an answer in either form, without its name and moment."""
    if answer.response.headers["content-type"].startswith("application/json"):
        (document,) = answer.json.values()
    else:
        document = value_of(ElementTree.fromstring(answer.response.text))
    if "ActivityReports" in document:
        del document["ActivityReports"]["DateTimeCreated"]
    return document


def records(answer: Answer) -> list[dict[str, Any]]:
    """Return the records of an answer."""
    assert answer.status == 200, answer.response.text
    document = read(answer)
    found: list[dict[str, Any]] = (
        document["ActivityReports"]["ActivityReport"]
        if "ActivityReports" in document
        else document["MedicalEducationMetrics"]
    )
    return found


def outcomes(answer: Answer) -> list[str]:
    """Return what became of each record."""
    return [record["Outcome"] for record in records(answer)]


def certificates(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is told of the certificates of a record."""
    found: list[dict[str, Any]] = record["Activity"]["Module"]["CreditCertificate"]
    return found


def rules(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the rules that found something in a record, with the place of each."""
    return {finding["Rule"]: finding.get("Place") for finding in record.get("Finding", ())}


def refusals(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the rules that refuse a record, with the place of each."""
    return {one["Rule"]: one.get("Place") for one in record.get("Finding", ()) if one["Severity"] == "reject"}
