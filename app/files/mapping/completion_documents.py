"""Activity reports in XML, one for each completion, as the completions they report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from app.domain.batches import Element, RawRow
from app.domain.identity.learners import Person
from app.domain.parsing import Unparsed, plain_text, read_activity_id
from app.domain.rems import time_in_practice
from app.domain.reports import LAST_OCCASION, Action, CompletionReport, RemsPart
from app.files.cells import read_action, read_birth_date, read_day, read_whole, read_yes_no
from app.files.mapping import certificates
from app.files.mapping.certificates import CertifiedCredit, read_certificates
from app.files.mapping.element_paths import (
    ElementsByPath,
    TextReader,
    by_path,
    refuse_repeats,
    text_at,
    warn_of_unknown_paths,
)
from app.files.mapping.locations import Location, nearest, translate
from app.files.mapping.records import CompletionRecord, Upload
from app.files.mapping.refusals import NO_OCCASION, TOO_MANY_PARTS, refusal
from app.schemas.bounds import longest
from app.schemas.completions import CompletionIn

_MODULE = "Activity/Module"
_PARTICIPANT = "Participants/Participant"

PATHS = {
    "/action": "XtensibleInfo/LearnerRecordAction",
    "/provider_id": "Activity/ProviderOrganization",
    "/activity_id": f"{_MODULE}/ModuleName",
    "/status": f"{_MODULE}/Status",
    "/completed_on": f"{_MODULE}/CompletedDateTime",
    "/occasion": "XtensibleInfo/Occasion",
    "/learner": "Member",
    "/learner/first_name": "Member/Name/GivenName",
    "/learner/last_name": "Member/Name/FamilyName",
    "/learner/date_of_birth": "Member/PersonalInfo/BirthDate",
    "/learner/learner_id": "XtensibleInfo/LearnerLink",
    "/rems": _PARTICIPANT,
    "/rems/local_id": f"{_PARTICIPANT}/LocalIdentifier",
    "/rems/profession": f"{_PARTICIPANT}/Profession",
    "/rems/state": f"{_PARTICIPANT}/StateOfPrimaryPractice",
    "/rems/dea_registration": f"{_PARTICIPANT}/DEARegistration",
    "/rems/practice_area": f"{_PARTICIPANT}/PracticeArea",
    "/rems/surgical_procedures": f"{_PARTICIPANT}/SurgicalProcedures",
    "/rems/time_in_practice": f"{_PARTICIPANT}/TimeInPractice",
}
"""Where in an activity report the parts of a record stand; each of them occurs once."""
_PLACES = PATHS | {"/cme": certificates.PATH, "/moc": certificates.PATH}
_ONCE = {path: pointer for pointer, path in PATHS.items()} | {
    "Activity": "", _MODULE: "/activity_id", "Member/Name": "/learner", "Member/PersonalInfo": "/learner",
    "Participants": "/rems",
}  # fmt: skip
KNOWN = frozenset(
    {
        *_ONCE, *certificates.KNOWN, "ReportingOrganization", "XtensibleInfo", "XtensibleInfo/ProviderID",
        f"{_MODULE}/ModuleName/moduleID", f"{_MODULE}/moduleID", f"{_PARTICIPANT}/LocalIdentifier/domain",
    }
)  # fmt: skip
"""Every element that is read, or known and not used here."""
_PASSED = ("Activity/RegulatoryInformation",)
_SHORT = 40
_LONGEST_TEXTS = {pointer: longest(CompletionIn, pointer) for pointer in PATHS}


class CompletionDocuments:
    """Maps the activity reports of one document."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._own_ids = frozenset(("", upload.provider_id, *upload.former_ids))

    def locate(self, pointer: str, record: CompletionRecord | None = None) -> Location:
        """Return the path of what a pointer names."""
        stands = translate(pointer, record.prefixes) if record is not None else pointer
        column = certificates.column_of(stands)
        return Location(column=column) if column is not None else nearest(stands, _PLACES)

    def read(self, raw: RawRow) -> CompletionRecord:
        """Return what an activity report says."""
        assert isinstance(raw.raw, dict) and "n" in raw.raw
        return self.read_element(raw.number, raw.raw)

    def read_element(self, number: int, root: Element) -> CompletionRecord:
        """Return what the element of an activity report says."""
        found = by_path(root, stop=certificates.PATH)
        provider = text_at(found, PATHS["/provider_id"])
        if provider is not None and plain_text(provider) not in self._own_ids:
            return CompletionRecord(number=number, report=None, findings=(_OTHER_PROVIDER,))
        if len(found.get(certificates.PATH, ())) > certificates.MOST:
            return CompletionRecord(number=number, report=None, findings=(TOO_MANY_PARTS,))
        texts = TextReader()
        certified = read_certificates(found, texts)
        report = self._report(found, texts, certified)
        if report.too_many_parts:
            texts.findings.append(TOO_MANY_PARTS)
        status = text_at(found, PATHS["/status"])
        findings = (
            *refuse_repeats(found, _ONCE),
            *((_NOT_COMPLETED,) if status is not None and plain_text(status).lower() != "completed" else ()),
            *texts.findings,
            *warn_of_unknown_paths(found, KNOWN, _PASSED),
        )
        return CompletionRecord(number=number, report=report, findings=findings, prefixes=certified.prefixes)

    def _report(self, found: ElementsByPath, texts: TextReader, certified: CertifiedCredit) -> CompletionReport:
        def text(pointer: str) -> str | None:
            return texts.read(text_at(found, PATHS[pointer]), pointer, _LONGEST_TEXTS[pointer])

        upload, action = self._upload, text_at(found, PATHS["/action"])
        return CompletionReport(
            provider_id=upload.provider_id,
            activity_id=_activity_id(found, texts),
            completed_on=_day(text_at(found, PATHS["/completed_on"])),
            permission=upload.permission,
            person=Person(
                first_name=text("/learner/first_name"),
                last_name=text("/learner/last_name"),
                birth_date=read_birth_date(text_at(found, PATHS["/learner/date_of_birth"])),
                npi=certified.npi,
                learner_id=text("/learner/learner_id"),
            ),
            cme=certified.cme,
            moc=certified.moc,
            rems=_rems(found, texts, text) if _PARTICIPANT in found else None,
            entry_method=upload.entry_method,
            received_at=upload.received_at,
            batch_id=upload.batch_id,
            occasion=_occasion(found, texts),
            action=read_action(action) if action is not None else Action.ADD,
        )


_OTHER_PROVIDER = refusal(
    "activity-known",
    "/provider_id",
    "ProviderOrganization does not name the provider that the file was uploaded for.",
    "Upload it for the provider that it names, or correct the seven-digit id in ProviderOrganization.",
)
_NOT_COMPLETED = refusal(
    "format", "/status", "Only completed activities are reported.", "Give Completed, or leave the report out."
)


@lru_cache(maxsize=1_024)
def _known_day(text: str) -> date | Unparsed | None:
    return read_day(text)


def _day(text: str | None) -> date | Unparsed | None:
    """Return a day of completion; short texts are remembered, because a file has few of them."""
    return _known_day(text) if text is not None and len(text) < _SHORT else read_day(text)


def _occasion(found: ElementsByPath, texts: TextReader) -> int | None:
    given = text_at(found, PATHS["/occasion"])
    occasion = texts.convert(read_whole, given, "/occasion") if given is not None else None
    if occasion is not None and not 1 <= occasion <= LAST_OCCASION:
        texts.findings.append(NO_OCCASION)
        return None
    return occasion


def _activity_id(found: ElementsByPath, texts: TextReader) -> str | None:
    """Return the activity's id, an attribute of the module's name; some senders have it at the module."""
    places = [found[path][0] for path in (PATHS["/activity_id"], _MODULE) if path in found]
    given = [text for place in places if (text := texts.attribute(place, "moduleID", "/activity_id")) is not None]
    if len(given) > 1:
        texts.refuse_different(given, "/activity_id", "moduleID")
    if not given:
        return None
    return read_activity_id(texts.read(given[0], "/activity_id", _LONGEST_TEXTS["/activity_id"]))


def _rems(found: ElementsByPath, texts: TextReader, text: Callable[[str], str | None]) -> RemsPart:
    local_id, surgical = "/rems/local_id", "/rems/surgical_procedures"
    return RemsPart(
        local_id=texts.read_own_id(text_at(found, PATHS[local_id]), local_id, _LONGEST_TEXTS[local_id]),
        profession=text("/rems/profession"),
        state=text("/rems/state"),
        dea_registration=text("/rems/dea_registration"),
        practice_area=text("/rems/practice_area"),
        surgical_procedures=texts.convert(read_yes_no, text_at(found, PATHS[surgical]), surgical),
        time_in_practice=time_in_practice(text("/rems/time_in_practice")),
    )
