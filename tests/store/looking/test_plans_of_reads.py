"""How what is read over many records is found: by narrow indexes, never from end to end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.domain.credits import CreditStatus
from app.domain.looking.attention import AttentionKind, Moments
from app.domain.looking.standing_reports import ReportFilter
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.queries import CompletionFilters, CompletionQuery
from app.services.context import Service
from app.store import completion_lists, feed
from app.store.completion_lists import CompletionFilter
from app.store.looking import (
    attention,
    chart_figures,
    completion_exports,
    credit_lines,
    known_learners,
    line_exports,
    report_activities,
    report_lines,
)
from app.store.looking.ids_in_order import BEGINNING, Reached
from app.store.sql import statements
from tests.harness.api import api_of
from tests.harness.looking.many_rows import PROVIDERS, fill
from tests.harness.looking.plans import plans_of, scanned

OURS, *_ = PROVIDERS
MOMENTS = Moments(now=datetime(2021, 6, 1, tzinfo=UTC))
LARGE = {
    "completions": "c o s t", "credits": "x o", "activities": "a", "learner_links": "l", "decisions": "decided",
    "board_events": "e",
}  # fmt: skip
LINES = CompletionFilter(provider_id=OURS, query=CreditLineQuery())
BOTH = (CreditStatus.PENDING, CreditStatus.REJECTED)


def of(year: int | None = None, boards: tuple[str, ...] | None = None) -> ReportFilter:
    return ReportFilter(provider_id=OURS, year=year, boards=boards, formats=None)


def chosen(query: type[CompletionFilters], sort: str | None = None) -> CompletionFilter:
    """Return the query of a hundred records by their ids, all that may be asked for, of which none is among those."""
    ids = [f"chosen-{number}" for number in range(100)]
    return CompletionFilter(provider_id=OURS, query=query(completion_id=ids, sort=sort))


READS: dict[str, Callable[[Connection], Any]] = {
    "what waits": lambda c: attention.waiting(c, "somebody", OURS, MOMENTS),
    "rejected by board": lambda c: attention.rejected_groups(c, OURS),
    "counts of many": lambda c: attention.counts(c, "somebody", PROVIDERS, MOMENTS),
    "not accepted": lambda c: report_lines.page(c, report_lines.not_yet_accepted(of(2019), BOTH), None, 51),
    "not accepted, all": lambda c: report_lines.page(c, report_lines.not_yet_accepted(of(), BOTH), None, 51),
    "not accepted, one board": lambda c: report_lines.page(
        c, report_lines.not_yet_accepted(of(boards=("ABA",)), BOTH), None, 51
    ),
    "not accepted, later": lambda c: report_lines.page(
        c, report_lines.not_yet_accepted(of(), BOTH), ["2019-05-01", "m", "m"], 51
    ),
    "rejected": lambda c: report_lines.page(c, report_lines.not_yet_accepted(of(), [CreditStatus.REJECTED]), None, 51),
    "groups": lambda c: report_lines.unaccepted_groups(c, of(2019), BOTH),
    "late": lambda c: report_lines.page(c, report_lines.reported_late(c, of(2019)), None, 51),
    "late, later": lambda c: report_lines.page(c, report_lines.reported_late(c, of()), ["2019-05-01", "m", "m"], 51),
    "totals": lambda c: report_lines.year_totals(c, of(2019)),
    "nothing reported": lambda c: report_activities.page(
        c, of(2019), report_activities.nothing_reported(MOMENTS), None, 51
    ),
    "before closing": lambda c: report_activities.page(c, of(), report_activities.before_closing(MOMENTS), None, 51),
    "attendance": lambda c: report_activities.page(
        c, of(), report_activities.attendance(c, MOMENTS, missed=None), None, 51
    ),
    "missed": lambda c: report_activities.page(
        c, of(), report_activities.attendance(c, MOMENTS, missed=True), ["2015-01-01", "m"], 51
    ),
    "lines of an export": lambda c: line_exports.read_table(c, LINES, Reached(("a", "b"), None, True), 2_000),
    "documents of an export": lambda c: line_exports.read_documents(c, LINES, Reached(("a", "b"), None, True), 2_000),
    "chosen records": lambda c: completion_lists.page(c, chosen(CompletionQuery), None, 51),
    "chosen records, by name": lambda c: completion_lists.page(c, chosen(CompletionQuery, "last_name"), None, 51),
    "chosen records, counted": lambda c: completion_lists.count(c, chosen(CompletionQuery)),
    "chosen records, exported": lambda c: completion_exports.read_lines(c, chosen(CompletionQuery), BEGINNING, 2_000),
    "chosen lines": lambda c: credit_lines.page(c, chosen(CreditLineQuery), None, 51),
    "chosen lines, by board": lambda c: credit_lines.page(c, chosen(CreditLineQuery, "board"), None, 51),
    "chosen lines, counted": lambda c: credit_lines.count(c, chosen(CreditLineQuery)),
    "records by month": lambda c: chart_figures.by_month(c, OURS, date(2019, 1, 1), date(2019, 12, 31), 20_000),
    "answers": lambda c: chart_figures.answer_times(c, OURS, 100),
    "sessions": lambda c: chart_figures.by_session(c, "many-4"),
    "feeds": feed.unread_since,
    "roster": lambda c: known_learners.page(c, OURS, [], None, None, 51),
    "roster, later": lambda c: known_learners.page(c, OURS, [], None, [1, "l5", "f5", "x", "x"], 51),
    "roster by words": lambda c: known_learners.page(c, OURS, ["l77", "f"], None, None, 51),
    "roster of a series": lambda c: known_learners.page(c, OURS, [], "many-4", None, 51),
    "usual credit": lambda c: known_learners.usual_credit(c, OURS, "many-4"),
    "what a learner holds": lambda c: known_learners.held_in_activity(c, OURS, "link", "many-4"),
}
NARROW = {
    "what waits": ("ix_credits_listed_by_status", "ix_activities_counted", "ix_activities_open"),
    "rejected": ("ix_credits_listed_by_status",),
    "late": ("ix_completions_late",),
    "late, later": ("ix_completions_late",),
    "before closing": ("ix_activities_open",),
    "missed": ("ix_activities_counted",),
    "records by month": ("ix_completions_completed",),
    "answers": ("ix_credits_listed_by_status",),
    "sessions": ("uq_completions_standing",),
    "totals": ("ix_completions_completed", "ix_credits_of_completion"),
    "roster": ("ix_completions_named", "ix_completions_of_learner"),
}  # fmt: skip
"""The indexes that stand in the plans of a read."""


def test_nothing_large_is_read_from_end_to_end(http: TestClient, service: Service) -> None:
    client_id = api_of(http, service, providers=[OURS]).client_id

    def look(connection: Connection) -> list[str]:
        fill(connection, 20_000, client_id)
        faults: list[str] = []
        for name, read in READS.items():
            plans = plans_of(connection, lambda read=read: read(connection))
            assert plans, name
            for sql, plan in plans.items():
                faults += [f"{name} reads all of {table}:\n{sql}\n{plan}" for table in scanned(plan, LARGE)]
            used = "\n".join(plans.values())
            faults += [f"{name} has no use of {index}:\n{used}" for index in NARROW.get(name, ()) if index not in used]
            if name.startswith("chosen"):
                by_id = ("completion_id=?", "completion_id = ANY")
                faults += [] if any(found in used for found in by_id) else [f"{name} is not found by its ids:\n{used}"]
        waits = attention.waiting(connection, "somebody", OURS, MOMENTS)
        assert waits[AttentionKind.CREDITS_REJECTED].count == 50
        return faults

    assert service.database.write(look) == []


def test_a_read_from_end_to_end_is_seen(service: Service) -> None:
    def look(connection: Connection) -> list[str]:
        plans = plans_of(connection, lambda: statements.fetch(connection, "SELECT sum(c.version) FROM completions c"))
        return [table for plan in plans.values() for table in scanned(plan, LARGE)]

    assert service.database.write(look) == ["completions"]
