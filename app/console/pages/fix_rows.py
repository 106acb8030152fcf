"""Rows to fix as the page draws them: what was sent, what was typed, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from app.console.drawn_forms import DrawnForm, Said, said_about_record
from app.domain.batch_mends import MendedRow, MendState, SetAsideReason, shown
from app.domain.batches import Batch
from app.domain.findings import Severity
from app.services.batches import fixing
from app.services.batches.fixing import FixColumn, Fixing, FixRow

REASONS = (
    (SetAsideReason.NO_PHYSICIAN.value, "No physician"),
    (SetAsideReason.REPORTED_ELSEWHERE.value, "Reported elsewhere"),
    (SetAsideReason.WRONG_FILE.value, "Wrong file"),
    (SetAsideReason.OTHER.value, "Another reason"),
)


class DrawnCell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a row: an input, or a text."""

    heading: str
    name: str
    """Empty for a text."""
    text: str
    was: str
    """What was sent, where something else stands there now."""


class DrawnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be fixed."""

    number: int
    cells: Sequence[DrawnCell]
    form: DrawnForm
    ready: bool
    becomes: str
    who: str


class DrawnGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that share a fault, and the buttons that mend all of them."""

    text: str
    detail: str
    offers: Sequence[tuple[str, str, str]]


class AsideRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was set aside, or reported again."""

    number: int
    who: str
    text: str
    address: str


class TypedRows(msgspec.Struct, kw_only=True):
    """What came with a form that is drawn again."""

    texts: dict[int, dict[str, str]] = {}
    """By number and field."""
    stale: Sequence[int] = ()
    """Numbers of the rows that somebody else changed meanwhile."""
    said: Mapping[int, Sequence[Said]] = {}
    """What is said of rows beside their findings."""


def why_none(batch: Batch) -> str:
    """Return why an upload has no row to fix."""
    if not batch.finished:
        return "This file is still being judged. Rows that need fixing stand here afterwards."
    if batch.head is None:
        return "This file could not be read, so there is no row to fix."
    if not batch.counts.get("rejected"):
        return "No row of this file was rejected."
    return "Every rejected row of this file was reported again or set aside."


def heading_of(found: Fixing) -> str:
    """Return how many rows are left to fix, in words."""
    read = found.batch.records
    if not found.rows:
        return "Nothing is left to fix" if found.batch.finished else "Nothing to fix yet"
    verb = "needs" if len(found.rows) == 1 else "need"
    more = " or more" if found.more else ""
    return f"{len(found.rows):,}{more} of {read:,} rows {verb} fixing"


def draw_row(batch: Batch, row: FixRow, columns: Sequence[FixColumn], typed: TypedRows, home: str) -> DrawnRow:
    """Draw a row with its inputs, what was typed into them, and what is said of them."""
    result, version = row.row.result, row.row.version
    own = typed.texts.get(result.number, {})
    names = {field: f"{result.number}.{version}:{field}" for field in row.inputs | (own.keys() & row.fields.keys())}
    cells, fields = [], {}
    for column in columns:
        field = row.fields.get(column.field)
        now = shown(row.row.value_of(field)) if field is not None else ""
        sent = shown(field.value) if field is not None else ""
        name = names.get(column.field, "")
        if name:
            fields[name] = [own.get(column.field, now)]
        cells.append(DrawnCell(heading=column.heading, name=name, text=now, was=sent if sent != now else ""))
    said = _said(row, names, home)
    if result.number in typed.stale:
        said.insert(0, _said_stale(row, own))
    said[:0] = typed.said.get(result.number, ())
    outcome = row.row.mend.outcome if row.row.mend is not None else None
    return DrawnRow(
        number=result.number,
        cells=cells,
        form=DrawnForm(fields, said, prefix=f"row-{result.number}"),
        ready=row.row.state is MendState.READY,
        becomes=outcome.value if outcome is not None else "",
        who=fixing.who_of(batch, row.row),
    )


def _said(row: FixRow, names: Mapping[str, str], home: str) -> list[Said]:
    """Return the findings of a row; of a ready one, its warnings."""
    said = []
    for index, finding in enumerate(row.row.findings):
        field = row.columns_of.get(index)
        heading = f"{row.fields[field].column}: " if field is not None else ""
        said.append(
            said_about_record(
                finding.hint,
                finding.completion_id,
                home,
                pointer=names.get(field or "", "") if finding.severity is Severity.REJECT else "",
                severity="no" if finding.severity is Severity.REJECT else "warn",
                text=f"{heading}{finding.detail}",
                rule_address=f"/v1/rules/{finding.rule}",
            )
        )
    return sorted(said, key=lambda line: line.severity == "warn")


def _said_stale(row: FixRow, own: Mapping[str, str]) -> Said:
    theirs = [
        f"{field.column} is now “{shown(row.row.value_of(field))}”"
        for name, field in row.fields.items()
        if name in own and own[name] != shown(row.row.value_of(field))
    ]
    return Said(
        pointer="",
        text=f"Somebody else changed this row meanwhile: {'; '.join(theirs)}.",
        hint="What you typed stands in the fields and is not kept yet. Check again to keep yours.",
    )


def draw_groups(found: Fixing) -> list[DrawnGroup]:
    """Draw the faults that several rows share."""
    drawn = []
    for group in found.groups():
        number = len(group.numbers)
        drawn.append(
            DrawnGroup(
                text=f"{number:,} rows have the same fault:",
                detail=f"{group.heading}: {group.detail}",
                offers=[
                    (
                        f"Write {offer.new} in all {number:,}",
                        "do",
                        "same:" + json.dumps([offer.field, offer.rule, offer.old, offer.new]),
                    )
                    for offer in group.offers
                ],
            )
        )
    return drawn


def reason_of(row: MendedRow) -> str:
    """Return why a row was set aside, in words."""
    reason = row.mend.set_aside if row.mend is not None else None
    return dict(REASONS).get(reason.value, "") if reason is not None else ""


def draw_reported(batch: Batch, row: MendedRow, home: str) -> AsideRow:
    """Draw a row that was reported again."""
    reported = row.reported
    assert reported is not None
    if reported.number is None:
        text = "Being reported"
    elif reported.outcome is not None and reported.outcome.value == "rejected":
        text = f"Rejected again, as row {reported.number}: fix it there"
    else:
        text = f"Reported as row {reported.number}: {reported.outcome.value if reported.outcome else ''}"
    return AsideRow(
        number=row.result.number, who=fixing.who_of(batch, row), text=text,
        address=f"{home}/uploads/{reported.batch_id}",
    )  # fmt: skip
