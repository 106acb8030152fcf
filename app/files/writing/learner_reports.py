"""Learner reports as PARS documents, in XML and JSON: one `ActivityReport` for each completion.

A hundred thousand of them are asked for at once. So a report is put together from pieces that are made once for all
that are alike (an activity, a day of birth, what a board gave), and texts are escaped where a look at many of them
found something to escape. Tests hold the documents against their shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import Protocol

from app.files.elements import escape_attribute, escape_text, has_to_be_escaped

CME_TYPE, GENERAL_TYPE = "AMA PRA Category 1", "MOC"
"""The certification of CME, and that of a board's credit as a whole."""
_ACTIVITY_REPORT = "http://ns.medbiq.org/activityreport/v1/"
Answers = Mapping[str, str | bool]
"""Answers for REMS, by the names of their elements."""
_remembered = lru_cache(maxsize=4_096)
"""Pieces that many reports have: a few thousand activities, 366 days of birth, some hundred credits."""


class ReportForm(Protocol):
    """A form of the document. Its texts within a report, except titles and names of providers, are escaped before."""

    before: str
    """What stands before the reports, after it is said when the document was made."""
    between: str
    """What stands between two reports."""
    between_certificates: str
    after: str

    def begin(self, made_at: datetime) -> str:
        """Return what is around the reports, opened."""
        ...

    def has_to_be_escaped(self, texts: str) -> bool:
        """Return whether texts have a character that must or may have to be escaped; most have none."""
        ...

    def escaped(self, text: str) -> str:
        """Return a text as it stands within a report."""
        ...

    def opened(self, provider_name: str) -> str:
        """Return a report up to the learner's name."""
        ...

    def name(self, first_name: str | None, last_name: str | None) -> str:
        """Return the parts of a name that are known."""
        ...

    def born(self, birth_date: str | None) -> str:
        """Return a birth date, stored as `MM/DD`, and the end of the learner."""
        ...

    def participant(self, answers: Answers) -> str:
        """Return answers for REMS."""
        ...

    def module(self, provider_id: str, activity_id: str, title: str) -> str:
        """Return an activity up to the day of completion."""
        ...

    def credit(self, domain: str, type: str, credits: str) -> tuple[str, str]:
        """Return what stands in a certificate before the learner's number, with whose it is, and what was awarded."""
        ...

    def certificate(self, credit: tuple[str, str], number: str, credit_id: str, npi: str | None) -> str:
        """Return a certificate of a credit; the number is empty where none was given."""
        ...

    def closed(self, certificates: str, occasion: int, learner_link: str | None) -> str:
        """Return a report from behind the day of completion to its end; the first of several occasions is not told."""
        ...


class _Xml:
    before, between, between_certificates = "", "", ""
    after = "</ar:ActivityReports>\n</ar:ACCMELearnerReports>\n"
    has_to_be_escaped, escaped = staticmethod(has_to_be_escaped), staticmethod(escape_text)

    def begin(self, made_at: datetime) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<ar:ACCMELearnerReports xmlns:ar="{_ACTIVITY_REPORT}" xmlns:m="http://ns.medbiq.org/member/v1/" '
            'xmlns:n="http://ns.medbiq.org/name/v1/">\n'
            f'<ar:ActivityReports DateTimeCreated="{made_at:%Y-%m-%dT%H:%M:%SZ}">\n'
        )

    @staticmethod
    @_remembered
    def opened(provider_name: str) -> str:
        organization = f"<ar:ReportingOrganization>{escape_text(provider_name)}</ar:ReportingOrganization>"
        return f"<ar:ActivityReport>{organization}<m:Member><n:Name>"

    @staticmethod
    def name(first_name: str | None, last_name: str | None) -> str:
        if first_name is not None and last_name is not None:
            return f"<n:GivenName>{first_name}</n:GivenName><n:FamilyName>{last_name}</n:FamilyName>"
        return _xml_text("n:GivenName", first_name) + _xml_text("n:FamilyName", last_name)

    @staticmethod
    @_remembered
    def born(birth_date: str | None) -> str:
        if not birth_date:
            return "</n:Name></m:Member>"
        day = f"<m:BirthDate>--{birth_date.replace('/', '-')}</m:BirthDate>"
        return f"</n:Name><m:PersonalInfo>{day}</m:PersonalInfo></m:Member>"

    @staticmethod
    def participant(answers: Answers) -> str:
        inner = "".join(_xml_text(f"ar:{name}", escape_text(_said(answer))) for name, answer in answers.items())
        return f"<ar:Participants><ar:Participant>{inner}</ar:Participant></ar:Participants>"

    @staticmethod
    @_remembered
    def module(provider_id: str, activity_id: str, title: str) -> str:
        return (
            f"<ar:Activity><ar:ProviderOrganization>{provider_id}</ar:ProviderOrganization><ar:Module>"
            f'<ar:ModuleName moduleID="{activity_id}">{escape_text(title)}</ar:ModuleName>'
            "<ar:Status>Completed</ar:Status><ar:CompletedDateTime>"
        )

    @staticmethod
    def credit(domain: str, type: str, credits: str) -> tuple[str, str]:
        received = (
            f"<ar:CreditReceived><ar:activityCertification>{escape_text(type)}</ar:activityCertification>"
            f"<ar:creditUnit>Point</ar:creditUnit><ar:numberOfCredits>{credits}</ar:numberOfCredits>"
            "</ar:CreditReceived><ar:CreditID>"
        )
        return f'<ar:CreditCertificate><ar:UniqueID domain="{escape_attribute(domain)}">', received

    @staticmethod
    def certificate(credit: tuple[str, str], number: str, credit_id: str, npi: str | None) -> str:
        whose, received = credit
        also = f'<ar:UniqueID domain="NPI">{npi}</ar:UniqueID>' if npi else ""
        return f"{whose}{number}</ar:UniqueID>{also}{received}{credit_id}</ar:CreditID></ar:CreditCertificate>"

    @staticmethod
    def closed(certificates: str, occasion: int, learner_link: str | None) -> str:
        also = f"<ar:Occasion>{occasion}</ar:Occasion>" if occasion > 1 else ""
        if learner_link is not None:
            also = f"{also}<ar:LearnerLink>{learner_link}</ar:LearnerLink>"
        return (
            f"T00:00:00</ar:CompletedDateTime>{certificates}</ar:Module></ar:Activity><ar:XtensibleInfo>"
            f"<ar:LearnerRecordAction>add</ar:LearnerRecordAction>{also}</ar:XtensibleInfo></ar:ActivityReport>\n"
        )


def _xml_text(name: str, written: str | None) -> str:
    return "" if written is None else f"<{name}>{written}</{name}>"


def _said(answer: str | bool) -> str:
    return ("true" if answer else "false") if isinstance(answer, bool) else answer


class _Json:
    before, between, between_certificates = "\n", ",\n", ", "
    after = "\n]}}}\n"

    def begin(self, made_at: datetime) -> str:
        return (
            '{"ACCMELearnerReports": {"ActivityReports": '
            f'{{"DateTimeCreated": "{made_at:%Y-%m-%dT%H:%M:%SZ}", "ActivityReport": ['
        )

    @staticmethod
    def has_to_be_escaped(texts: str) -> bool:
        return not texts.isprintable() or '"' in texts or "\\" in texts

    @staticmethod
    def escaped(text: str) -> str:
        return quoted(text)[1:-1]

    @staticmethod
    @_remembered
    def opened(provider_name: str) -> str:
        return f'{{"ReportingOrganization": {quoted(provider_name)}, "Member": {{"Name": {{'

    @staticmethod
    def name(first_name: str | None, last_name: str | None) -> str:
        if first_name is not None and last_name is not None:
            return f'"GivenName": "{first_name}", "FamilyName": "{last_name}"'
        if last_name is not None:
            return f'"FamilyName": "{last_name}"'
        return f'"GivenName": "{first_name}"' if first_name is not None else ""

    @staticmethod
    @_remembered
    def born(birth_date: str | None) -> str:
        if not birth_date:
            return "}}, "
        return f'}}, "PersonalInfo": {{"BirthDate": "--{birth_date.replace("/", "-")}"}}}}, '

    @staticmethod
    def participant(answers: Answers) -> str:
        inner = ", ".join(f'"{name}": {_json_answer(name, answer)}' for name, answer in answers.items())
        return f'"Participants": {{"Participant": {{{inner}}}}}, '

    @staticmethod
    @_remembered
    def module(provider_id: str, activity_id: str, title: str) -> str:
        return (
            f'"Activity": {{"ProviderOrganization": "{provider_id}", "Module": {{"ModuleName": {{"value": '
            f'{quoted(title)}, "moduleID": "{activity_id}"}}, "Status": "Completed", "CompletedDateTime": "'
        )

    @staticmethod
    def credit(domain: str, type: str, credits: str) -> tuple[str, str]:
        received = (
            f', "CreditReceived": {{"activityCertification": {quoted(type)}, "creditUnit": "Point", '
            f'"numberOfCredits": {credits}}}, "CreditID": "'
        )
        return f'"domain": {quoted(domain)}}}', received

    @staticmethod
    def certificate(credit: tuple[str, str], number: str, credit_id: str, npi: str | None) -> str:
        whose, received = credit
        if npi:
            numbers = f'[{{"value": "{number}", {whose}, {{"value": "{npi}", "domain": "NPI"}}]'
            return f'{{"UniqueID": {numbers}{received}{credit_id}"}}'
        return f'{{"UniqueID": {{"value": "{number}", {whose}{received}{credit_id}"}}'

    @staticmethod
    def closed(certificates: str, occasion: int, learner_link: str | None) -> str:
        held = f', "CreditCertificate": [{certificates}]' if certificates else ""
        number = f', "Occasion": {occasion}' if occasion > 1 else ""
        link = "" if learner_link is None else f', "LearnerLink": "{learner_link}"'
        return f'T00:00:00"{held}}}}}, "XtensibleInfo": {{"LearnerRecordAction": "add"{number}{link}}}}}'


def _json_answer(name: str, answer: str | bool) -> str:
    if isinstance(answer, bool):
        return _said(answer)
    # The only one that has an attribute in the document, and so may be an object.
    return f'{{"value": {quoted(answer)}}}' if name == "LocalIdentifier" else quoted(answer)


XML: ReportForm = _Xml()
JSON: ReportForm = _Json()
