"""Documents as clients that speak PARS send them: completions and activities in JSON, and in XML of several styles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

JSON, XML = "application/json", "application/xml"
ATTRIBUTES = {"moduleID", "domain", "DateTimeCreated", "currency", "supportSource"}
"""Members of JSON that are attributes in XML."""
NAMESPACES = {
    "Member": "http://ns.medbiq.org/member/v1/", "PersonalInfo": "http://ns.medbiq.org/member/v1/",
    "BirthDate": "http://ns.medbiq.org/member/v1/", "Name": "http://ns.medbiq.org/name/v1/",
    "GivenName": "http://ns.medbiq.org/name/v1/", "FamilyName": "http://ns.medbiq.org/name/v1/",
}  # fmt: skip
AMA_PRA = "AMA PRA Category 1"
REPORT = "http://ns.medbiq.org/activityreport/v1/"


def certificate(
    domain: str | None, number: str | None, kind: str, credits: Any, key: str | None = None
) -> dict[str, Any]:
    """A certificate: whose number, what, how much, under which key."""
    made: dict[str, Any] = {
        "UniqueID": {"value": number, "domain": domain},
        "CreditReceived": {"activityCertification": kind, "creditUnit": "Point", "numberOfCredits": credits},
    }
    return made | ({"CreditID": key} if key is not None else {})


def report(body: Mapping[str, Any], action: str | None = "add", **more: Any) -> dict[str, Any]:
    """An `ActivityReport` that says what a body of `POST /v1/learner-completions` does."""
    learner = body["learner"]
    certificates = [
        certificate(part["state"], part["license_id"], AMA_PRA, part["credits"], part.get("client_reference"))
        for part in body.get("cme", ())
    ]
    for part in body.get("moc", ()):
        certificates += [
            certificate(part["board"], part["board_id"], kind["type"], kind["credits"], kind.get("client_reference"))
            for kind in part["credit_types"]
        ]
    made: dict[str, Any] = {
        "Member": {
            "Name": {"GivenName": learner["first_name"], "FamilyName": learner["last_name"]},
            "PersonalInfo": {"BirthDate": learner["date_of_birth"]},
        },
        "Activity": {
            "Module": {
                "ModuleName": {"value": "An activity", "moduleID": body["activity_id"]},
                "Status": "Completed",
                "CompletedDateTime": body["completed_on"],
                "CreditCertificate": certificates,
            }
        },
    }
    return made | ({"XtensibleInfo": {"LearnerRecordAction": action}} if action is not None else {}) | more


def learners(reports: Iterable[Mapping[str, Any]], **beside: Any) -> dict[str, Any]:
    """A document of completions."""
    return beside | {"ACCMELearnerReports": {"ActivityReports": {"ActivityReport": list(reports)}}}


def metrics(action: str | None = "Add", *, ids: Mapping[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """A `MedicalEducationMetrics` of a live course of 2021, unless told otherwise."""
    education = {
        "activityFormat": "Live Course", "startDateTime": "2021-01-01T00:00:00-08:00",
        "endDateTime": "2021-12-31T23:30:00-08:00", "activitySponsorship": "direct",
        "credits": [{"activityCertification": "AMA PRA Category 1", "numberOfCredits": 10}],
    }  # fmt: skip
    beside = {"ForPublicList": False, "DeliveryMethods": {"DeliveryMethod": ["Online"]}}
    general: dict[str, Any] = {"title": "A course", "description": "What learners will be able to do."}
    for name, value in fields.items():
        part = general if name in general else education if name in education else beside
        part[name] = value
    catalogs = {"provider": "Provider Activity ID", "accme": "ACCME Activity ID"}
    identifiers = [{"catalog": catalogs[name], "entry": entry} for name, entry in (ids or {}).items()]
    return {
        "Lom": {"general": {"identifier": identifiers, **general}},
        "healthcareMetadata": {"healthcareEducation": education},
        "XtensibleInfo": beside | ({"activityRecordAction": action} if action is not None else {}),
    }


def activities(records: Iterable[Mapping[str, Any]], **beside: Any) -> dict[str, Any]:
    """A document of activities."""
    return beside | {"ACCMEActivities": {"MedicalEducationMetrics": list(records)}}


Tag = Callable[[str, bool], tuple[str, str]]
"""Returns an element's name as it is written, and its declarations; is told whether it is the root."""


def _plain(name: str, root: bool) -> tuple[str, str]:
    return name, ""


def _prefixed(name: str, root: bool) -> tuple[str, str]:
    prefixes = {REPORT: "rep", "http://ns.medbiq.org/member/v1/": "mem", "http://ns.medbiq.org/name/v1/": "nam"}
    declared = "".join(f' xmlns:{prefix}="{uri}"' for uri, prefix in prefixes.items()) if root else ""
    return f"{prefixes[NAMESPACES.get(name, REPORT)]}:{name}", declared


def _default(name: str, root: bool) -> tuple[str, str]:
    return name, f' xmlns="{NAMESPACES.get(name, REPORT)}"' if root or name in (
        "Member",
        "Name",
        "PersonalInfo",
    ) else ""


def xml(
    value: Mapping[str, Any],
    tag: Tag = _plain,
    *,
    reverse: bool = False,
    cdata: bool = False,
    comments: bool = False,
    elements: bool = False,
) -> str:
    """Return a document as XML; `elements` writes as elements what else is an attribute."""

    def write(name: str, inner: Any, root: bool = False) -> Iterator[str]:
        if inner is None:
            return
        if isinstance(inner, list):
            for one in inner:
                yield from write(name, one)
            return
        written, declared = tag(name, root)
        members = dict(inner) if isinstance(inner, Mapping) else {"value": inner}
        text = members.pop("value", None)
        if comments:
            yield "<!-- as they come -->\n"
        given = {} if elements else {key: members.pop(key) for key in list(members) if key in ATTRIBUTES}
        attributes = "".join(f" {key}={quoteattr(str(one))}" for key, one in given.items() if one is not None)
        yield f"<{written}{declared}{attributes}>"
        if text is not None:
            said = ("true" if text else "false") if isinstance(text, bool) else str(text)
            yield f"<![CDATA[{said}]]>" if cdata else escape(said)
        items = reversed(list(members.items())) if reverse else members.items()
        for key, one in items:
            yield from write(key, one)
        yield f"</{written}>\n"

    parts = list(value.items())
    if len(parts) == 1:
        return "".join(write(*parts[0], True))
    return "".join(write("Request", value, True))


STYLES: dict[str, Callable[[Mapping[str, Any]], bytes]] = {
    "no namespace": lambda value: xml(value).encode(),
    "default namespace": lambda value: f'<?xml version="1.0"?>{xml(value, _default)}'.encode(),
    "own prefixes": lambda value: f'<?xml version="1.0" encoding="utf-8"?>\n{xml(value, _prefixed)}'.encode(),
    "reversed": lambda value: xml(value, reverse=True).encode(),
    "CDATA and comments": lambda value: f"<!-- x -->{xml(value, cdata=True, comments=True)}".encode(),
    "elements for attributes": lambda value: xml(value, elements=True).encode(),
    "byte order mark": lambda value: b"\xef\xbb\xbf" + xml(value).encode(),
    "UTF-16 declared": lambda value: f'<?xml version="1.0" encoding="UTF-16"?>{xml(value)}'.encode("utf-16"),
    "UTF-16 undeclared": lambda value: f'<?xml version="1.0"?>{xml(value)}'.encode("utf-16"),
    "UTF-16 declared in single bytes": lambda value: f'<?xml version="1.0" encoding="utf-16"?>{xml(value)}'.encode(),
    "ISO-8859-1": lambda value: f'<?xml version="1.0" encoding="ISO-8859-1"?>{xml(value)}'.encode("iso-8859-1"),
}
"""How senders write one document in XML."""
