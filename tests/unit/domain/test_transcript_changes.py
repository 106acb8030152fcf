"""What has changed since a transcript was published: each difference is told once, and nothing else is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.passport.published import StandingRow, changes_since
from app.domain.passport.transcripts import RowFlag, TranscriptCredit, TranscriptRow

POINTS = TranscriptCredit(
    kind=CreditKind.MOC, board="ABA", board_name="Anesthesiology", quarters=5, credit_types=(("Lifelong Learning", 5),),
    status=CreditStatus.ACCEPTED, delivery=Delivery.BOARD,
)  # fmt: skip
HOURS = TranscriptCredit(
    kind=CreditKind.CME, board="TN-M", board_name="Tennessee", quarters=8, status=CreditStatus.PENDING,
    delivery=Delivery.BOARD,
)  # fmt: skip
ROW = TranscriptRow(
    completion_id="1", completed_on=date(2021, 12, 1), activity_id="201", activity="Rounds", provider="A provider",
    credits=(HOURS, POINTS),
)  # fmt: skip
REJECTED, WITHDRAWN = CreditStatus.REJECTED, CreditStatus.WITHDRAWN


def told(printed: TranscriptRow, now: TranscriptRow) -> list[str]:
    changes = changes_since([printed], {"1": StandingRow(row=now, changed_on=date(2022, 1, 2))})
    assert [change.changed_on for change in changes.rows] == [date(2022, 1, 2)] * len(changes.rows)
    return [text for change in changes.rows for text in change.texts]


def with_points(**fields: Any) -> TranscriptRow:
    return replace(ROW, credits=(HOURS, replace(POINTS, **fields)))


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (ROW, []),
        (replace(ROW, credits=(replace(HOURS, status=CreditStatus.ACCEPTED), POINTS)), []),
        (with_points(credit_types=POINTS.credit_types[::-1]), []),
        (with_points(quarters=4), ["1.25 ABA is 1 now"]),
        (with_points(status=REJECTED), ["1.25 ABA was rejected by its board"]),
        (with_points(status=WITHDRAWN), ["1.25 ABA was withdrawn"]),
        (replace(ROW, credits=(POINTS,)), ["2 CME for TN-M was withdrawn"]),
        (
            with_points(credit_types=(("Patient Safety", 5),)),
            ["1.25 ABA: the credit types are 1.25 Patient Safety now"],
        ),
        (replace(ROW, completed_on=date(2021, 12, 3)), ["Completed on 12/03/2021, not on 12/01/2021"]),
        (replace(ROW, activity_id="202", activity="Other rounds"), ["For another activity: Other rounds"]),
        (
            replace(ROW, flags=(RowFlag.DISPUTED,)),
            ["The physician says that it is wrong, and the question is open"],
        ),
    ],
)
def test_each_difference_is_told(now: TranscriptRow, says: list[str]) -> None:
    assert told(ROW, now) == says


def test_credit_that_was_reported_again_stands_for_what_was_withdrawn() -> None:
    again = replace(ROW, credits=(HOURS, replace(POINTS, status=WITHDRAWN), replace(POINTS, quarters=4)))
    assert told(ROW, again) == ["1.25 ABA is 1 now"]


def test_what_was_rejected_then_is_told_only_where_it_counts_now() -> None:
    printed = with_points(status=REJECTED)
    assert told(printed, printed) == []
    assert told(printed, with_points(status=WITHDRAWN)) == []
    assert told(printed, ROW) == ["1.25 ABA counts now: it was rejected then"]


def test_a_record_that_is_gone_is_told_and_what_came_later_is_counted_if_it_has_credit() -> None:
    later = replace(ROW, completion_id="2")
    nothing = replace(with_points(status=WITHDRAWN), completion_id="3", credits=(replace(POINTS, status=WITHDRAWN),))
    standing = {row.completion_id: StandingRow(row=row, changed_on=date(2022, 1, 2)) for row in (later, nothing)}
    changes = changes_since([ROW], standing)
    assert [change.texts for change in changes.rows] == [("This record is gone",)]
    assert changes.added == 1


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (replace(ROW, flags=(RowFlag.DISPUTED,)), date(2021, 12, 30)),
        (replace(with_points(quarters=4), flags=(RowFlag.DISPUTED,)), date(2022, 1, 2)),
        (with_points(quarters=4), date(2022, 1, 2)),
    ],
    ids=["disputed", "corrected-since", "corrected"],
)
def test_the_day_of_a_dispute_is_not_that_on_which_a_board_took_the_record(now: TranscriptRow, day: date) -> None:
    standing = StandingRow(row=now, changed_on=date(2022, 1, 2), flagged_on=date(2021, 12, 30))
    (change,) = changes_since([ROW], {"1": standing}).rows
    assert change.changed_on == day
