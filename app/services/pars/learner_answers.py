"""What is answered to documents of completions: each record in its order, each certificate with where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from app.domain.batches import Element, RowFinding
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery, Outcome
from app.domain.findings import Severity
from app.domain.parsing import plain_text
from app.domain.reports import Action, CompletionReport
from app.files.elements import local_name
from app.files.mapping import certificates
from app.files.shapes.stored_records import Value, filled
from app.services.pars.learner_activities import SavedReport

REFUSED = "refused"
_TOLD = {
    CreditStatus.PENDING: "It was taken; {board} has not answered yet.",
    CreditStatus.ACCEPTED: "{board} has accepted it.",
    CreditStatus.REJECTED: "{board} has rejected it.",
    CreditStatus.WITHDRAWN: "It was withdrawn.",
}
_TRANSCRIPT_ONLY = "It was taken: {board} is not sent reports, and the physician's transcript shows it."
_HELD = "It waits for its physician to be found; nothing is credited yet."
_NOTHING_STORED = "Nothing of this record was stored: its findings say why."
_NOTHING_LEFT = "Nothing stands of it any more."


def answer_of(now: datetime, records: Iterable[Value]) -> Value:
    """Return the document that holds the answers to some records."""
    return {"ActivityReports": {"DateTimeCreated": now.isoformat(timespec="seconds"), "ActivityReport": list(records)}}


def answer_to(saved: SavedReport, sent: Element, catalogue: Catalogue) -> Value:
    """Return the answer to one record, as it was sent and as it was saved."""
    record, submitted = saved.record, saved.submitted
    outcome = submitted.outcome if submitted is not None else Outcome.REJECTED
    completion = submitted.completion if submitted is not None else None
    report = record.report
    module = _module(report, completion) | {"CreditCertificate": list(_certificates(saved, sent, catalogue))}
    told: Value = {
        "Number": record.number,
        "Outcome": REFUSED if outcome is Outcome.REJECTED else outcome.value,
        "LearnerId": completion.completion_id if completion is not None else None,
        "HeldId": submitted.held.held_id if submitted is not None and submitted.held is not None else None,
        "Activity": {"Module": filled(module)},
        "XtensibleInfo": _action_of(report),
        "Finding": [finding_of(finding) for finding in saved.findings],
    }
    return filled(told)


def _action_of(report: CompletionReport | None) -> Value | None:
    action = report.action if report is not None else None
    return {"LearnerRecordAction": action.value} if isinstance(action, Action) else None


def finding_of(finding: RowFinding) -> Value:
    """Return a finding as it is told."""
    return filled(
        {
            "Rule": finding.rule,
            "Severity": finding.severity.value,
            "Place": finding.column,
            "Message": finding.detail,
            "WhatToDo": finding.hint or None,
            "LearnerId": finding.completion_id,
        }
    )


def _module(report: CompletionReport | None, completion: Completion | None) -> Value:
    if completion is not None:
        occasion = completion.occasion if completion.occasion > 1 else None
        return _dated(completion.activity_id, completion.completed_on, occasion)
    if report is None:
        return {}
    day = report.completed_on if isinstance(report.completed_on, date) else None
    return _dated(report.activity_id, day, None)


def _dated(activity_id: str | None, day: date | None, occasion: int | None) -> Value:
    return filled(
        {
            "ModuleName": {"moduleID": activity_id} if activity_id else None,
            "CompletedDateTime": day.isoformat() if day is not None else None,
            "Occasion": occasion,
        }
    )


def _certificates(saved: SavedReport, sent: Element, catalogue: Catalogue) -> Iterator[Value]:
    """Yield the answer to each certificate in its order; one that is for several licences is answered for each."""
    parts = {there: here for here, there in reversed(saved.record.prefixes)}
    for place, reference in enumerate(_references(sent), 1):
        path = f"{certificates.PATH}[{place}]"
        part = parts.get(path, "")
        own = {"CreditID": reference}
        submitted, report = saved.submitted, saved.record.report
        if report is None or submitted is None or submitted.outcome is Outcome.REJECTED:
            yield filled(own | {"Board": _board_named(report, part, catalogue), **_refused(path, saved.findings)})
            continue
        if submitted.outcome is Outcome.HELD:
            yield filled(own | _status("held", "held", _HELD) | {"Board": _board_named(report, part, catalogue)})
            continue
        completion = submitted.completion
        credits = credits_of(completion, report, part, reference, catalogue) if completion is not None else []
        if not credits:
            status = _status(CreditStatus.WITHDRAWN, submitted.outcome.value, _NOTHING_LEFT)
            yield filled(own | {"Board": _board_named(report, part, catalogue)} | status)
        for credit in credits:
            yield filled(own | status_of(credit, catalogue, submitted.outcome.value))


def _references(sent: Element) -> Iterator[str | None]:
    """Yield the own key of every certificate of a record as it was sent, None where it has none that can be kept."""
    for certificate in certificates_in(sent):
        texts = [inner.get("t", "") for inner in certificate.get("c", ()) if local_name(inner["n"]) == "CreditID"]
        text = texts[0].strip() if texts else ""
        yield text if text and len(text) <= (certificates.LONGEST_REFERENCE or 0) else None


def certificates_in(sent: Element) -> list[Element]:
    """Return the certificates of a record in their order."""
    found = [sent]
    for name in certificates.PATH.split("/"):
        found = [child for element in found for child in element.get("c", ()) if local_name(child["n"]) == name]
    return found


def status_of(credit: Credit, catalogue: Catalogue, otherwise: str) -> Value:
    """Return where a credit stands; its code is the board's reason where there is one."""
    board = catalogue.board_name(credit.board)
    said = _TOLD[credit.status]
    if credit.delivery is Delivery.TRANSCRIPT_ONLY and credit.status is CreditStatus.ACCEPTED:
        said = _TRANSCRIPT_ONLY
    message = " ".join(filter(None, (said.format(board=board), credit.status_text)))
    return {"Board": credit.board, **_status(credit.status, credit.status_reason or otherwise, message)}


def _status(status: str, code: str, message: str) -> Value:
    return {"Status": str(status), "Code": code, "Message": message}


def _refused(path: str, findings: Sequence[RowFinding]) -> Value:
    """Return what is told of a certificate of a record that was refused: what is wrong with itself, if anything is."""
    refusals = [finding for finding in findings if finding.severity is Severity.REJECT]
    own = [finding for finding in refusals if (finding.column or "").startswith(path)]
    code = (own or refusals)[0].rule
    return _status(REFUSED, code, f"{own[0].detail} {own[0].hint}".strip() if own else _NOTHING_STORED)


def _board_named(report: CompletionReport | None, part: str, catalogue: Catalogue) -> str | None:
    """Return the code of the board that a part of a report names; None where it names none, or several."""
    codes = _boards(report, part, catalogue) if report is not None else None
    return next(iter(codes)) if codes and len(codes) == 1 else None


def _boards(report: CompletionReport, part: str, catalogue: Catalogue) -> set[str] | None:
    """Return the codes of the boards that a part of a report is for; None for every licence of the learner."""
    _, kind, place, *_ = (*part.split("/"), "", "", "")
    if kind == "moc":
        board = catalogue.certifying(report.moc[int(place)].board or "")
        return {board.code} if board is not None else set()
    if kind == "cme":
        state = report.cme[int(place)].state
        return {board.code for board in catalogue.licensing(state)} if state else None
    return set()


def credits_of(
    completion: Completion, report: CompletionReport, part: str, reference: str | None, catalogue: Catalogue
) -> list[Credit]:
    """Return the credits that a part of a report stands for: those that bear its key, where some do."""
    kind = CreditKind.MOC if part.startswith("/moc/") else CreditKind.CME
    codes = _boards(report, part, catalogue)
    found = [
        credit for credit in completion.credits if credit.kind is kind and (codes is None or credit.board in codes)
    ]
    current = [credit for credit in found if completion.current(credit.board) in (credit, None)]
    if reference is not None:
        key = plain_text(reference)
        bearing = [one for one in current if key in map(plain_text, one.client_references)]
        current = bearing or current
    return current
