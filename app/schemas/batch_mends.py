"""Mends of rejected records, and what goes when an upload is undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from app.domain.batch_mends import MendedRow, MendState, SetAsideReason, shown
from app.domain.batches import RowOutcome
from app.schemas.base import Example, OneOf, Out, Requests, Strict

RowNumber = Annotated[int, Field(ge=1, le=2_147_483_647)]
_ROWS = "Numbers of rejected rows, as the list of rows has them."


class RecordFieldOut(Out):
    """One value of a record, as it was sent and as it stands now."""

    example: ClassVar[Example] = {"field": "8", "column": "Number of CME Credits", "sent": "2.1", "value": "2.25"}

    field: str = Field(
        description="Its name in `cells` of a mend: the column's number from 0, the JSON Pointer of the member, or the "
        "path of the element by places."
    )
    column: str = Field(description="The heading as sent, the pointer, or the path of the element by names.")
    sent: str | None = Field(
        description="As it was sent, as somebody would type it; null for a member that was added since."
    )
    value: str = Field(description="As it was mended; else as it was sent.")


class ReportedRowOut(Out):
    """Where a mended record was reported."""

    batch_id: str
    row: int | None = Field(description="Its row there; null until that batch has reached it.")
    outcome: RowOutcome | None


class MendOut(Out):
    """Where a rejected record stands: mended, checked, set aside, or reported again."""

    example: ClassVar[Example] = {
        "state": "open",
        "outcome": None,
        "set_aside": None,
        "reported": None,
        "client_id": None,
        "version": 1,
        "updated_at": None,
    }

    state: MendState
    outcome: RowOutcome | None = Field(
        description="What would become of the record by the last check; null since it was changed."
    )
    set_aside: SetAsideReason | None = Field(description="Why it is not mended.")
    reported: ReportedRowOut | None
    client_id: str | None = Field(description="Who changed it last; null where nobody did.")
    version: int = Field(description="What `If-Match` has to name to change it.")
    updated_at: datetime | None

    @classmethod
    def of(cls, row: MendedRow) -> MendOut:
        """Show where a record stands."""
        mend, reported = row.mend, row.reported
        return cls(
            state=row.state,
            outcome=mend.outcome if mend is not None else None,
            set_aside=mend.set_aside if mend is not None else None,
            reported=ReportedRowOut(batch_id=reported.batch_id, row=reported.number, outcome=reported.outcome)
            if reported is not None
            else None,
            client_id=mend.client_id if mend is not None else None,
            version=row.version,
            updated_at=mend.updated_at if mend is not None else None,
        )


def fields_out(row: MendedRow) -> list[RecordFieldOut] | None:
    """Show the values of a record; None once they are gone."""
    if row.raw is None:
        return None
    fields = [
        RecordFieldOut(
            field=field.field, column=field.column, sent=shown(field.value), value=shown(row.value_of(field))
        )
        for field in row.fields
    ]
    known = {field.field for field in row.fields}
    cells = row.mend.cells if row.mend is not None else {}
    added = {name: value for name, value in cells.items() if name not in known}
    return fields + [
        RecordFieldOut(field=name, column=name, sent=None, value=shown(value)) for name, value in added.items()
    ]


class MendIn(Strict):
    """What was typed into a record, in place of all that was typed before."""

    requests: ClassVar[Requests] = {"cells": ("Another licence number", {"cells": {"7": "444444"}})}

    cells: dict[Annotated[str, Field(max_length=1_000)], str] = Field(
        max_length=500,
        description="Texts by the names of fields, as `include=record` lists them. What is left out is as it was sent; "
        "none at all takes every change back. In a line of JSON, a text becomes a value of the kind that it replaces; "
        "a new member is named by its pointer, and is a text, but an amount of credits a number.",
    )


class ChecksIn(Strict):
    """Which records are checked."""

    requests: ClassVar[Requests] = {"all": ("All that were changed", {}), "some": ("Two rows", {"rows": [14, 37]})}

    rows: list[RowNumber] | None = Field(
        None,
        min_length=1,
        max_length=500,
        description=f"{_ROWS} Without it, those that were changed and not checked since.",
    )


class ReportIn(Strict):
    """Which mended records are reported."""

    requests: ClassVar[Requests] = {"ready": ("All that are ready", {"permission_attested": True})}

    rows: list[RowNumber] | None = Field(
        None, min_length=1, max_length=5_000, description=f"{_ROWS} Of these, those that are ready. Without it, all."
    )
    permission_attested: bool = Field(
        False, description="For completions: whether the learners have permitted the reporting. It is asked for again."
    )


class SetAsideIn(Strict):
    """Why a record is not mended."""

    requests: ClassVar[Requests] = {"reason": ("No physician", {"reason": "no-physician"})}

    reason: OneOf[SetAsideReason]


class UndoneRowOut(Out):
    """A row and the completion that it added."""

    row: int
    completion_id: str


class UndoingOut(Out):
    """What goes, or went, when an upload is undone, and what stays."""

    example: ClassVar[Example] = {
        "dry_run": True, "completions": 1, "held_records": 0, "changed": 0, "changed_since": [], "staying": 0,
    }  # fmt: skip

    batch_id: str
    dry_run: bool
    completions: int = Field(description="Completions that are withdrawn; their boards are told.")
    held_records: int = Field(description="Held records that are set aside.")
    rows: list[UndoneRowOut] = Field(description="The first 500 of these completions.")
    changed: int = Field(description="Completions that stay, since they were corrected or added to since.")
    changed_since: list[UndoneRowOut] = Field(description="The first 500 of those.")
    staying: int = Field(
        description="Rows that joined, changed or deleted an older record: what they did stays, and is corrected by "
        "hand."
    )

    @staticmethod
    def rows_of(rows: Sequence[tuple[int, str]]) -> list[UndoneRowOut]:
        """Show rows with the completions that they added."""
        return [UndoneRowOut(row=number, completion_id=completion_id) for number, completion_id in rows]
