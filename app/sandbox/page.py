"""The sandbox's tables in Markdown: who there is, what takes place, and what to send to get which answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from app.domain.credits import CreditStatus, Delivery
from app.domain.sandbox import MagicLearner, Row, Sandbox

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def write_into(path: Path, tables: str) -> None:
    """Replace what stands between the two marks of a page; raises `ValueError` where they are missing."""
    head, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"{path.name} has no place for the tables: {BEGIN} and {END}.")
    path.write_text(f"{head}{BEGIN}\n\n{tables}\n{END}{tail}", encoding="utf-8")


def tables_of(sandbox: Sandbox) -> str:
    """Return every table, each under its heading."""
    return "\n".join(_lines(sandbox))


def _lines(sandbox: Sandbox) -> Iterator[str]:
    yield from ("## Learners", "")
    yield from _head("name", "MM/DD", "NPI", "licences", "certifications", "boards answer", "who it is")
    for learner in sandbox.learners:
        yield _cells(*_learner(learner))
    yield from ("", "## Activities", "")
    yield from _head("internal id", "id with the shared sandbox", "title", "what it does")
    for each in sandbox.activities:
        yield _cells(f"`{each.internal_id}`", each.activity_id, each.fields["title"], each.says)
    ids = {each.activity_id: each.internal_id for each in sandbox.activities}
    for section, rows in groupby(sandbox.rows, key=lambda row: row.section):
        yield from ("", f"## {section}", "")
        yield from _head("case", "activity", "day", "learner", "reported", "answer")
        for row in rows:
            yield _cells(row.says, *_sent(row, ids), _answer(row))


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


def _sent(row: Row, ids: Mapping[str, str]) -> Iterator[str]:
    body = row.send
    activity = ids.get(body["activity_id"])
    yield f"`{activity}`" if activity is not None else body["activity_id"]
    yield body["completed_on"]
    person = body.get("learner", {})
    said = [person.get(name, "") for name in ("first_name", "last_name", "date_of_birth")]
    yield " ".join(text for text in (*said, f"NPI {person['npi']}" if "npi" in person else "") if text)
    yield "; then ".join(_reported(each, body) for each in (*row.before, body))


def _reported(body: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """Return what a report says beside activity, day and learner; of one sent before, the day as well if it differs."""
    parts = [_cme(**each) for each in body.get("cme", ())] + [_moc(**each) for each in body.get("moc", ())]
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
    words += [f"({each['type']} {each['credits']:g})" for each in special_credits]
    return " ".join(word for word in (*words, client_reference) if word)


def _moc(board: str, total_credits: float, credit_types: tuple[Mapping[str, Any], ...], board_id: str = "") -> str:
    types = ", ".join(f"{each['type']} {each['credits']:g}" for each in credit_types)
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
