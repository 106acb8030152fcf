"""Headings of files of learners, written out as senders have them."""

from __future__ import annotations

from app.domain.columns import EXTRAS, REMS

REQUIRED = ("Record Action", "ACCME Activity ID", "Completion Date", "First Name", "Last Name", "Date of Birth")
CME = (*REQUIRED, "Licensing State", "Licensing ID", "Number of CME Credits")
BOARD = (
    "Certifying Board", "Certifying Board ID", "Total Board Credits", "Credit Type", "Credits Awarded for Credit Type",
    "Additional Credit Type", "Credits Awarded for Additional Credit Type",
)  # fmt: skip
"""A board with two credit types."""
ONE_BOARD = CME + BOARD
TWO_BOARDS = CME + BOARD * 2 + tuple(column.heading for column in (*REMS, *EXTRAS))
"""Two boards, REMS, and the columns of ours."""
WITH_DEPARTMENT = (*CME, "Department")
"""With a column of the sender's own."""
