"""Home: what waits for somebody at a provider, the newest uploads, and what was submitted lately."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.charts import FEWEST, Chart, Measured, Series, draw_bars
from app.console.frame import page
from app.console.pages.uploads import matched_in_words
from app.console.report_charts import in_words
from app.console.routes import PageRoute
from app.console.visitors import Reader, Visitor
from app.console.words import amount, count, counted, day, instant
from app.domain.amounts import in_credits
from app.domain.batches import Batch, BatchStatus
from app.domain.credits import CreditStatus
from app.domain.looking.attention import AttentionKind
from app.domain.looking.chart_figures import AnswerTimes
from app.domain.looking.facets import Facet
from app.domain.looking.recent_figures import WEEKS, RecentFigures
from app.schemas.looking.line_queries import CreditLineQuery
from app.services.batches import lookup
from app.services.context import Caller, read_async
from app.services.looking import attention, chart_figures, credit_lines, recent_figures
from app.services.looking.attention import AttentionEntry

router = APIRouter(prefix="/p/{provider_id}", route_class=PageRoute, include_in_schema=False)
_UPLOADS = 5


class WayOut(msgspec.Struct, frozen=True, kw_only=True):
    """How what waits of one kind is shown, and where it is dealt with."""

    kind: str
    drawing: str
    verb: str
    folder: str
    role: str
    """Who can do something about it; for others it is left out."""


_WAYS = {
    AttentionKind.CREDITS_REJECTED: WayOut(
        kind="no", drawing="stop", verb="See and correct", folder="reports/not-yet-accepted?status=rejected",
        role="reader",
    ),
    AttentionKind.ROWS_TO_FIX: WayOut(
        kind="warn", drawing="warn", verb="Fix the rows", folder="uploads", role="reporter"
    ),
    AttentionKind.DISPUTES_OPEN: WayOut(
        kind="warn", drawing="person", verb="Answer", folder="disputes", role="reporter"
    ),
    AttentionKind.RECORDS_HELD: WayOut(kind="held", drawing="pause", verb="Look", folder="held", role="reporter"),
    AttentionKind.ATTENDANCE_ABOVE_REPORTED: WayOut(
        kind="warn", drawing="person", verb="See which", folder="reports/attendance?missed=true", role="reader"
    ),
    AttentionKind.ACTIVITIES_TO_CLOSE: WayOut(
        kind="wait", drawing="calendar", verb="Close them", folder="reports/before-closing", role="reporter"
    ),
    AttentionKind.WEBHOOKS_FAILING: WayOut(
        kind="no", drawing="bell", verb="Look", folder="settings/webhooks", role="manager"
    ),
    AttentionKind.KEYS_EXPIRING: WayOut(
        kind="warn", drawing="key", verb="Rotate", folder="settings/keys", role="manager"
    ),
}  # fmt: skip


class TodoRow(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, as a sentence and one verb."""

    kind: str
    drawing: str
    text: str
    detail: str
    verb: str
    address: str


class UploadRow(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded file, and what became of it."""

    batch_id: str
    filename: str
    when: str
    records: int
    state: str
    says: str
    done: int | None
    """Records that have an outcome while it is under way; None afterwards."""

    @classmethod
    def of(cls, batch: Batch, zone: str) -> UploadRow:
        """Show a file."""
        state, says = _result_of(batch)
        return cls(
            batch_id=batch.batch_id,
            filename=batch.filename,
            when=instant(batch.created_at, zone),
            records=batch.records,
            state=state,
            says=says,
            done=None if batch.finished else batch.applied,
        )


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """What Home shows."""

    base: str
    may_report: bool
    sees_uploads: bool
    todo: tuple[TodoRow, ...]
    uploads: tuple[UploadRow, ...]
    year: int
    figures: tuple[tuple[str, str, str, str], ...]
    chart: Chart | None
    """None where too much was submitted to be counted whenever somebody looks."""


@router.get("")
async def show_home(request: Request, visitor: Reader, provider_id: str) -> Response:
    """Show what waits for somebody, the most harmful first, and how reporting goes."""
    caller, base = visitor.caller, visitor.home
    entries = await read_async(caller, attention.look)
    uploads = await _newest_uploads(visitor)
    found = await read_async(caller, recent_figures.count)
    today = caller.service.clock().date()
    figures = _figures(found, base, today) if found is not None else await _kept_figures(caller, base)
    view = HomeView(
        base=base,
        may_report="reporter" in visitor.roles,
        sees_uploads=_sees(visitor, "reporter"),
        todo=tuple(_todo(entries, visitor, base)),
        uploads=tuple(UploadRow.of(batch, visitor.time_zone) for batch in uploads),
        year=today.year,
        figures=(*figures, *_answers(await read_async(caller, chart_figures.answer_times), base)),
        chart=_weeks(found, today) if found is not None else None,
    )
    return page(request, visitor, "pages/home.html", view)


async def _newest_uploads(visitor: Visitor) -> Sequence[Batch]:
    if not _sees(visitor, "reporter"):
        return ()
    return await read_async(
        visitor.caller, lookup.page, before=None, limit=_UPLOADS, kinds=(), statuses=(), to_fix=None
    )


def _sees(visitor: Visitor, role: str) -> bool:
    """Whether the visitor sees the pages of a role, though it may change nothing there."""
    return role in visitor.roles or visitor.reads_only


def _todo(entries: Sequence[AttentionEntry], visitor: Visitor, base: str) -> Iterator[TodoRow]:
    for entry in entries:
        way = _WAYS[entry.kind]
        if not entry.waiting.count or not _sees(visitor, way.role):
            continue
        first = "The next on" if entry.kind is AttentionKind.KEYS_EXPIRING else "Since"
        since = f"{first} {day(entry.waiting.oldest_at)}." if entry.waiting.oldest_at else ""
        yield TodoRow(
            kind=way.kind,
            drawing=way.drawing,
            text=entry.headline.removesuffix("."),
            detail=entry.detail or since,
            verb=way.verb if way.role in visitor.roles else "Look",
            address=f"{base}/{way.folder}",
        )


def _result_of(batch: Batch) -> tuple[str, str]:
    """Return the state of a file and its words."""
    rejected, warned = batch.counts.get("rejected", 0), batch.counts.get("warned", 0)
    if batch.status is BatchStatus.FAILED:
        return "refused", "Could not be read"
    if batch.status is BatchStatus.CANCELLED:
        return "cancelled", "Cancelled"
    if not batch.finished:
        return "running", "Being judged"
    if not rejected and (matched := matched_in_words(batch)):
        return "added", matched
    if batch.dry_run:
        return "unchanged", f"Checked only: {count(rejected)} would be rejected"
    if rejected:
        return "rejected", f"{count(rejected)} rejected"
    if held := batch.counts.get("held", 0):
        return "held", f"{count(held)} held"
    return ("warning", f"Taken, {counted(warned, 'warning')}") if warned else ("added", "All taken")


def _figures(found: RecentFigures, base: str, today: date) -> tuple[tuple[str, str, str, str], ...]:
    year, since = found.year, f"submitted_from=01/01/{today.year}"
    if not year.records:
        return ()
    punctual = f"{100 * (year.records - year.late) / year.records:.0f} %"
    return (
        ("Learners reported", count(year.persons), "", f"{base}/learners?{since}"),
        ("CME credits", amount(in_credits(year.quarters)), "", f"{base}/learners?kind=cme&{since}"),
        (
            "Within 30 days", punctual, f"of {counted(year.records, 'record')}",
            f"{base}/reports/reported-late?year={today.year}",
        ),
    )  # fmt: skip


def _answers(times: AnswerTimes | None, base: str) -> tuple[tuple[str, str, str, str], ...]:
    if times is None or times.answers < FEWEST:
        return ()
    half = f"half of {counted(times.answers, 'answer')}"
    return (("Boards answer within", in_words(times.median), half, f"{base}/reports/not-yet-accepted"),)


async def _kept_figures(caller: Caller, base: str) -> tuple[tuple[str, str, str, str], ...]:
    """Return the lines of all years by status, which are kept, however many there are."""
    kept = await read_async(caller, credit_lines.facets, CreditLineQuery())
    by_status = kept[Facet.STATUS] if kept is not None else {}
    return tuple(
        (f"{status.value.capitalize()}, of all years", count(lines), "", f"{base}/learners?status={status.value}")
        for status in (CreditStatus.ACCEPTED, CreditStatus.PENDING, CreditStatus.REJECTED)
        if (lines := by_status.get(status.value, 0))
    )


def _weeks(found: RecentFigures, today: date) -> Chart:
    statuses = (CreditStatus.ACCEPTED, CreditStatus.PENDING, CreditStatus.REJECTED)
    weeks = found.weeks(today)
    totals = {status: sum(week.get(status, 0) for _, week in weeks) for status in statuses}
    lines = sum(totals.values())
    said = ", ".join(f"{count(totals[status])} {status.value}" for status in statuses)
    begun = next((number for number, (_, week) in enumerate(weeks) if week), len(weeks))
    # Weeks before anything was submitted are no gap.
    shown = weeks[min(begun, len(weeks) - 5) :] if lines else ()
    return draw_bars(
        "weeks",
        "Credits by week of submission",
        f"In the last {WEEKS} weeks {counted(lines, 'credit line')} came in: {said}." if lines
        else f"Nothing came in during the last {WEEKS} weeks.",
        across="Week of",
        series=[Series("Accepted"), Series("Pending", "striped"), Series("Rejected", "alarm")],
        measured=[
            Measured(f"{monday:%b} {monday.day}", tuple(week.get(status, 0) for status in statuses))
            for monday, week in shown
        ],
    )  # fmt: skip
