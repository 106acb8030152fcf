"""`pars boards`: how boards read their feeds and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import FAINT, JsonOption, instant, print_json, print_table
from app.cli.support import use_service

if TYPE_CHECKING:
    from app.domain.feeds import BoardReport

commands = typer.Typer()


@commands.command()
def boards(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only boards that owe an answer for 24 hours.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print how every board with a feed reads and answers."""
    from app.services.boards import reports
    from app.services.context import operator

    with use_service(migrate=False) as service:
        found = service.database.read(
            lambda connection: reports.report_boards(connection, operator(service), overdue=overdue or None)
        )
    if as_json:
        from app.schemas.board_reports import BoardReportsOut

        print_json(BoardReportsOut.of(found).model_dump(mode="json"))
        return
    print_table(
        HEADING, [row_of(board) for board in found], numbers=NUMBERS, styles={"-": FAINT}, empty="No board has a feed."
    )


HEADING = ("board", "decides", "last", "carried", "read at", "pending", "accepted", "rejected", "withdrawn",
           "overdue", "oldest pending")  # fmt: skip
NUMBERS = {"last", "carried", "pending", "accepted", "rejected", "withdrawn", "overdue"}


def row_of(report: BoardReport) -> tuple[str, ...]:
    """Return the cells of a board's row."""
    numbers = (report.pending, report.accepted, report.rejected, report.withdrawn, report.overdue)
    return (
        report.board,
        "yes" if report.decides else "no",
        str(report.last_position),
        str(report.carried),
        instant(report.read_at),
        *map(str, numbers),
        instant(report.oldest_pending_at),
    )
