"""Findings that refuse a record before any rule sees it."""

from __future__ import annotations

from app.domain.batches import MergedCell
from app.domain.findings import Finding, Severity
from app.domain.reports import LAST_OCCASION, MOST_BOARDS, MOST_STATES, MOST_TYPES
from app.files.cells import CellFault


def refusal(rule: str, pointer: str, detail: str, hint: str) -> Finding:
    """Return a finding that refuses the record."""
    return Finding(rule=rule, severity=Severity.REJECT, pointer=pointer, detail=detail, hint=hint)


def cell_refusal(pointer: str, fault: CellFault) -> Finding:
    """Return the finding about a cell, or an element, that cannot be what it should."""
    return refusal(fault.code, pointer, fault.detail, fault.hint)


def merged_refusal(pointer: str, cell: MergedCell) -> Finding:
    """Return the finding about a cell that is merged with those of other columns."""
    return refusal(
        "format",
        pointer,
        f"The cells {cell['m']} are merged: it is not clear which of their columns the value is for.",
        "Unmerge them, and give each column its own value. Cells that are merged downwards count for every row.",
    )


TOO_MANY_PARTS = refusal(
    "too-long",
    "",
    f"A record has at most {MOST_STATES} states, {MOST_BOARDS} boards, and {MOST_TYPES} credit types of each.",
    "Report the rest in a record of its own.",
)
NO_OCCASION = refusal(
    "format", "/occasion", f"An occasion is a number from 1 to {LAST_OCCASION}.", "Leave it out unless it is needed."
)
SAMPLE_ROW = refusal("sample-row", "", "This is the template's sample row.", "Remove it from the file.")
