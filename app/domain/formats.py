"""Activity formats: which of them bind learners to the activity's maximum, and how long they may run."""

from __future__ import annotations

import enum
from datetime import date
from functools import lru_cache

import msgspec

from app.domain.identity.comparison_keys import code_key


class Bound(enum.StrEnum):
    """Whether a format's span is enforced."""

    REFUSED = "refused"
    """An activity longer than the span is refused."""
    ADVISED = "advised"
    """An activity longer than the span is accepted with a warning."""


class ActivityFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of activity. Spans are in months from the start date, the anniversary included."""

    code: str
    name: str
    maximum_checked: bool
    source: str
    other_names: tuple[str, ...] = ()
    span_months: int | None = None
    span_bound: Bound | None = None


_SPANS = "accreditor's guidance on activity dates"
_MAXIMUM = "slides, Data reporting rules"

ACTIVITY_FORMATS: tuple[ActivityFormat, ...] = (
    ActivityFormat(
        code="live-course", name="Live Course", maximum_checked=True, source=_MAXIMUM,
        other_names=("Course", "Internet Live Course"),
    ),
    ActivityFormat(
        code="regularly-scheduled-series", name="Regularly Scheduled Series", maximum_checked=True, source=_MAXIMUM,
        other_names=("RSS", "Regularly Scheduled Series (RSS)"), span_months=12, span_bound=Bound.REFUSED,
    ),
    ActivityFormat(
        code="enduring-material", name="Enduring Material", maximum_checked=True, source=_MAXIMUM,
        other_names=("Enduring Materials", "Internet Enduring Material", "Internet Enduring"),
        span_months=36, span_bound=Bound.REFUSED,
    ),
    ActivityFormat(
        code="performance-improvement", name="Performance/Quality Improvement", maximum_checked=True, source=_MAXIMUM,
        other_names=("Performance Improvement",), span_months=12, span_bound=Bound.ADVISED,
    ),
    ActivityFormat(
        code="journal-cme", name="Journal CME", maximum_checked=False, source=_MAXIMUM,
        other_names=("Journal CME/CE", "Journal CME/CC"),
    ),
    *(
        ActivityFormat(
            code=code, name=name, maximum_checked=False, source=_SPANS, other_names=others,
            span_months=12, span_bound=Bound.ADVISED,
        )
        for code, name, others in (
            ("manuscript-review", "Manuscript Review", ()),
            ("test-item-writing", "Test-Item Writing", ("Test Item Writing",)),
            ("committee-learning", "Committee Learning", ()),
            ("internet-searching-and-learning", "Internet Searching and Learning", ()),
            ("learning-from-teaching", "Learning from Teaching", ()),
            ("other-blended", "Other/Blended Learning", ("Other", "Blended Learning")),
        )
    ),
)  # fmt: skip

_BY_KEY = {code_key(text): known for known in ACTIVITY_FORMATS for text in (known.code, known.name, *known.other_names)}


@lru_cache(maxsize=1_024)
def find_format(text: str) -> ActivityFormat | None:
    """Return the format with this code or name, old names included."""
    return _BY_KEY.get(code_key(text))


def anniversary(start: date, months: int) -> date:
    """Return the day a number of months after a start date, or the month's last day if it is shorter."""
    year, month = divmod(start.month - 1 + months, 12)
    if start.year + year > date.max.year:
        return date.max
    for day in range(start.day, start.day - 4, -1):
        try:
            return date(start.year + year, month + 1, day)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
