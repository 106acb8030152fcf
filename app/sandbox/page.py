"""The sandbox's tables in Markdown: its learners, its activities, and which report gets which answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from app.domain.credits import CreditStatus, Delivery
from app.domain.sandbox import MagicLearner, Row, Sandbox

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def replace_tables(path: Path, tables: str) -> None:
    """Replace the text between the two marks of a page; raises `ValueError` when they are missing."""
    head, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"{path.name} has no place for the tables: {BEGIN} and {END}.")
    path.write_text(f"{head}{BEGIN}\n\n{tables}\n{END}{tail}", encoding="utf-8")


def write_tables(sandbox: Sandbox) -> str:
    """Return all tables, each under its heading."""
    return "\n".join(_lines(sandbox))


def _lines(sandbox: Sandbox) -> Iterator[str]:
    yield from ("## Learners", "")
    yield from _head("name", "MM/DD", "NPI", "licences", "certifications", "boards answer", "who it is")
    for learner in sandbox.learners:
        yield _cells(*_learner(learner))
    yield from ("", "## Activities", "")
    yield from _head("internal id", "id with the shared sandbox", "title", "what it does")
    for activity in sandbox.activities:
        yield _cells(f"`{activity.internal_id}`", activity.activity_id, activity.fields["title"], activity.says)
    ids = {activity.activity_id: activity.internal_id for activity in sandbox.activities}
    for section, rows in groupby(sandbox.rows, key=lambda row: row.section):
        yield from ("", f"## {section}", "")
        yield from _head("case", "activity", "day", "learner", "reported", "answer")
        for row in rows:
            yield _cells(row.says, *_report(row, ids), _answer(row))


def _head(*titles: str) -> Iterator[str]:
    yield _cells(*titles)
    yield "|" + "---|" * len(titles)


def _cells(*texts: str) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _learner(learner: MagicLearner) -> Iterator[str]:
    row = learner.row
    yield " or ".join(f"{row.first_name} {last}" for last in (row.last_name, *row.other_last_names))
    yield str(row.birth_date)
    yield row.npi or ""
    yield ", ".join(f"{held.board} {held.number}" for held in row.licenses)
    yield ", ".join(f"{held.board} {held.number}" for held in row.certifications)
    yield f"rejected, `{learner.reason}`" if learner.status is CreditStatus.REJECTED else learner.status.value
    yield learner.says


def _report(row: Row, ids: Mapping[str, str]) -> Iterator[str]:
    body = row.send
    activity = ids.get(body["activity_id"])
    yield f"`{activity}`" if activity is not None else body["activity_id"]
    yield body["completed_on"]
    person = body.get("learner", {})
    evidence = [person.get(name, "") for name in ("first_name", "last_name", "date_of_birth")]
    yield " ".join(text for text in (*evidence, f"NPI {person['npi']}" if "npi" in person else "") if text)
    yield "; then ".join(_credit(report, body) for report in (*row.before, body))


def _credit(body: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """Describe a report beyond its activity, day and learner; an earlier one with its day if that differs."""
    parts = [_cme(**cme) for cme in body.get("cme", ())] + [_moc(**moc) for moc in body.get("moc", ())]
    if "rems" in body:
        parts.append("REMS " + ", ".join(str(value) for value in body["rems"].values()))
    if body["permission"] is not True:
        parts.append("without permission")
    usual = {"activity_id", "completed_on", "permission", "learner", "cme", "moc", "rems"}
    parts += [f"`{name}`" for name in body if name not in usual]
    if body["completed_on"] != last["completed_on"]:
        parts.append(f"on {body['completed_on']}")
    return ", ".join(parts) or "nothing"


def _cme(
    credits: float,
    state: str = "",
    license_id: str = "",
    special_credits: tuple[Mapping[str, Any], ...] = (),
    client_reference: str = "",
) -> str:
    words = ["CME", state, license_id, f"{credits:g}"]
    words += [f"({special['type']} {special['credits']:g})" for special in special_credits]
    return " ".join(word for word in (*words, client_reference) if word)


def _moc(board: str, total_credits: float, credit_types: tuple[Mapping[str, Any], ...], board_id: str = "") -> str:
    types = ", ".join(f"{amount['type']} {amount['credits']:g}" for amount in credit_types)
    return " ".join(word for word in (board, board_id, f"{total_credits:g}", f"({types or 'no type'})") if word)


def _answer(row: Row) -> str:
    parts = [f"{row.status} {row.outcome or f'`{row.code}`'}"]
    if row.retry_after is not None:
        parts[0] += f", `Retry-After: {row.retry_after}`"
    if row.rejects:
        parts.append(", ".join(f"`{rule}`" for rule in row.rejects))
    for credit in row.credits:
        delivery = f", {credit.delivery.value}" if credit.delivery is Delivery.TRANSCRIPT_ONLY else ""
        reason = f" `{credit.reason}`" if credit.reason else ""
        parts.append(f"{credit.board} {credit.status.value}{reason}{delivery}")
    if row.warns:
        parts.append("warns " + ", ".join(f"`{rule}`" for rule in row.warns))
    return "; ".join(parts)
