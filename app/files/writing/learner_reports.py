"""Learner reports as PARS documents, written as they come: one `ActivityReport` for each completion.

Written by hand, because a hundred thousand of them are asked for at once; tests hold them against the shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted

import msgspec

from app.files.elements import escape_attribute, escape_text

_escaped, _attribute = lru_cache(maxsize=4_096)(escape_text), lru_cache(maxsize=256)(escape_attribute)
"""Titles, boards, types and amounts repeat."""
_ACTIVITY_REPORT = "http://ns.medbiq.org/activityreport/v1/"
CME_TYPE, GENERAL_TYPE = "AMA PRA Category 1", "MOC"
"""The certification of CME, and that of a board's credit as a whole."""


class Certificate(msgspec.Struct, frozen=True):
    """One credit certificate."""

    domain: str
    value: str
    """The learner's number with the board or state; empty where none was given."""
    type: str
    credits: str
    credit_id: str
    npi: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One completion as it is written."""

    provider_name: str
    provider_id: str
    activity_id: str
    title: str
    completed_on: str
    first_name: str | None
    last_name: str | None
    birth_date: str | None
    """As `--MM-DD`."""
    learner_link: str | None
    occasion: int | None
    participant: Mapping[str, str | bool]
    """Answers for REMS, by the names of their elements."""
    certificates: Iterable[Certificate]


class XmlReports:
    """Writes the document in XML."""

    def __init__(self, made_at: datetime) -> None:
        self._made_at = made_at

    def begin(self) -> bytes:
        """Return the root, opened."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<ar:ACCMELearnerReports xmlns:ar="{_ACTIVITY_REPORT}" xmlns:m="http://ns.medbiq.org/member/v1/" '
            'xmlns:n="http://ns.medbiq.org/name/v1/">\n'
            f'<ar:ActivityReports DateTimeCreated="{self._made_at:%Y-%m-%dT%H:%M:%SZ}">\n'
        ).encode()

    def add(self, reports: Iterable[Report]) -> bytes:
        """Return reports."""
        return "".join(map(_xml, reports)).encode()

    def end(self) -> bytes:
        """Return the root, closed."""
        return b"</ar:ActivityReports>\n</ar:ACCMELearnerReports>\n"


def _xml(report: Report) -> str:
    born = _xml_text("BirthDate", report.birth_date, "m")
    personal = f"<m:PersonalInfo>{born}</m:PersonalInfo>" if born else ""
    xtensible = _xml_text("Occasion", report.occasion) + _xml_text("LearnerLink", report.learner_link)
    return (
        f"<ar:ActivityReport>{_xml_text('ReportingOrganization', report.provider_name)}<m:Member><n:Name>"
        f"{_xml_text('GivenName', report.first_name, 'n')}{_xml_text('FamilyName', report.last_name, 'n')}</n:Name>"
        f"{personal}</m:Member>{_xml_participant(report.participant)}<ar:Activity>"
        f"<ar:ProviderOrganization>{report.provider_id}</ar:ProviderOrganization><ar:Module>"
        f'<ar:ModuleName moduleID="{report.activity_id}">{_escaped(report.title)}</ar:ModuleName>'
        f"<ar:Status>Completed</ar:Status><ar:CompletedDateTime>{report.completed_on}T00:00:00</ar:CompletedDateTime>"
        f"{''.join(map(_xml_certificate, report.certificates))}</ar:Module></ar:Activity>"
        f"<ar:XtensibleInfo><ar:LearnerRecordAction>add</ar:LearnerRecordAction>{xtensible}</ar:XtensibleInfo>"
        "</ar:ActivityReport>\n"
    )


def _xml_text(name: str, text: str | int | bool | None, prefix: str = "ar") -> str:
    if text is None:
        return ""
    written = ("true" if text else "false") if isinstance(text, bool) else _escaped(str(text))
    return f"<{prefix}:{name}>{written}</{prefix}:{name}>"


def _xml_participant(answers: Mapping[str, str | bool]) -> str:
    if not answers:
        return ""
    inner = "".join(_xml_text(name, answer) for name, answer in answers.items())
    return f"<ar:Participants><ar:Participant>{inner}</ar:Participant></ar:Participants>"


def _xml_certificate(held: Certificate) -> str:
    npi = f'<ar:UniqueID domain="NPI">{_escaped(held.npi)}</ar:UniqueID>' if held.npi else ""
    return (
        f'<ar:CreditCertificate><ar:UniqueID domain="{_attribute(held.domain)}">{_escaped(held.value)}'
        f"</ar:UniqueID>{npi}<ar:CreditReceived><ar:activityCertification>{_escaped(held.type)}"
        "</ar:activityCertification><ar:creditUnit>Point</ar:creditUnit>"
        f"<ar:numberOfCredits>{held.credits}</ar:numberOfCredits></ar:CreditReceived>"
        f"<ar:CreditID>{_escaped(held.credit_id)}</ar:CreditID></ar:CreditCertificate>"
    )


class JsonReports:
    """Writes the same document in JSON."""

    def __init__(self, made_at: datetime) -> None:
        self._made_at = made_at
        self._before = "\n"

    def begin(self) -> bytes:
        """Return what is around the reports, opened."""
        return (
            '{"ACCMELearnerReports": {"ActivityReports": '
            f'{{"DateTimeCreated": "{self._made_at:%Y-%m-%dT%H:%M:%SZ}", "ActivityReport": ['
        ).encode()

    def add(self, reports: Iterable[Report]) -> bytes:
        """Return reports, with a comma before each but the first."""
        written = ",\n".join(map(_json, reports))
        if not written:
            return b""
        before, self._before = self._before, ",\n"
        return (before + written).encode()

    def end(self) -> bytes:
        """Return what is around the reports, closed."""
        return b"\n]}}}\n"


def _json(report: Report) -> str:
    names = [
        f'"{name}": {quoted(text)}'
        for name, text in (("GivenName", report.first_name), ("FamilyName", report.last_name))
        if text is not None
    ]
    born = f', "PersonalInfo": {{"BirthDate": "{report.birth_date}"}}' if report.birth_date else ""
    occasion = f', "Occasion": {report.occasion}' if report.occasion is not None else ""
    link = f', "LearnerLink": {quoted(report.learner_link)}' if report.learner_link is not None else ""
    certificates = ", ".join(map(_json_certificate, report.certificates))
    held = f', "CreditCertificate": [{certificates}]' if certificates else ""
    return (
        f'{{"ReportingOrganization": {quoted(report.provider_name)}, '
        f'"Member": {{"Name": {{{", ".join(names)}}}{born}}}, {_json_participant(report.participant)}'
        f'"Activity": {{"ProviderOrganization": "{report.provider_id}", "Module": {{"ModuleName": '
        f'{{"value": {quoted(report.title)}, "moduleID": "{report.activity_id}"}}, "Status": "Completed", '
        f'"CompletedDateTime": "{report.completed_on}T00:00:00"{held}}}}}, '
        f'"XtensibleInfo": {{"LearnerRecordAction": "add"{occasion}{link}}}}}'
    )


def _json_participant(answers: Mapping[str, str | bool]) -> str:
    if not answers:
        return ""
    inner = ", ".join(
        f'"{name}": {("true" if answer else "false") if isinstance(answer, bool) else _json_answer(name, answer)}'
        for name, answer in answers.items()
    )
    return f'"Participants": {{"Participant": {{{inner}}}}}, '


def _json_answer(name: str, answer: str) -> str:
    # The only one that has an attribute in the document, and so may be an object.
    return f'{{"value": {quoted(answer)}}}' if name == "LocalIdentifier" else quoted(answer)


def _json_certificate(held: Certificate) -> str:
    unique = f'{{"value": {quoted(held.value)}, "domain": {quoted(held.domain)}}}'
    if held.npi:
        unique = f'[{unique}, {{"value": {quoted(held.npi)}, "domain": "NPI"}}]'
    return (
        f'{{"UniqueID": {unique}, "CreditReceived": {{"activityCertification": {quoted(held.type)}, '
        f'"creditUnit": "Point", "numberOfCredits": {held.credits}}}, "CreditID": {quoted(held.credit_id)}}}'
    )
