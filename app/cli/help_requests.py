"""`pars help-requests`: what senders ask about held records."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.output import JsonOption, instant, print_json, print_table
from app.cli.support import fail, use_service
from app.domain.held import HelpAction, HelpStatus

commands = typer.Typer(name="help-requests", no_args_is_help=True, help="What senders ask about held records.")
_OPTIONS = {
    "/physician_id": "--physician: ",
    "/license_id": "--licence: ",
    "/board": "--board: ",
    "/message": "--message: ",
}
"""The options behind what a request over HTTP would name."""
MOST = 200
"""Requests that are listed: whoever has more open ones answers these first."""


@commands.command("list")
def list_requests(
    everything: Annotated[bool, typer.Option("--all", help="Those answered or closed, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List requests for help, the oldest first, each with the record that it is about."""
    from app.schemas.held import HelpRequestOut
    from app.services.context import operator
    from app.services.held import help_requests

    statuses = [status.value for status in HelpStatus] if everything else [HelpStatus.OPEN.value]
    with use_service() as service:
        found = service.database.read(
            lambda connection: help_requests.page(
                connection, operator(service), statuses=statuses, provider_ids=(), after=None, limit=MOST
            )
        )
        support = service.settings.support_contact
    if as_json:
        shown = [HelpRequestOut.fields_with(case.request, case.held, support) for case in found]
        print_json({"data": [HelpRequestOut.model_validate(fields).model_dump(mode="json") for fields in shown]})
        return
    heading = ("help_id", "held_id", "asked_at", "provider_id", "activity_id", "learner", "status", "message")
    rows = []
    for case in found:
        person = case.held.report.person
        learner = " ".join(filter(None, (person.first_name, person.last_name, str(person.birth_date or ""))))
        request = case.request
        rows.append(
            (
                request.help_id,
                case.held.held_id,
                instant(request.asked_at),
                request.provider_id,
                case.held.activity_id,
                learner or "-",
                request.status.value,
                " ".join((request.message or "-").split()),
            )
        )
    print_table(heading, rows, empty="Nobody asks for help.")


@commands.command()
def answer(
    help_id: Annotated[str, typer.Argument(metavar="ID")],
    action: Annotated[HelpAction, typer.Option(help="What is to be done.")] = HelpAction.ANSWER,
    message: Annotated[str | None, typer.Option(help="What the sender is told.")] = None,
    physician_id: Annotated[str | None, typer.Option("--physician", metavar="ID", help="Who is meant.")] = None,
    board: Annotated[str | None, typer.Option(help="For add-licence: the board, where it is not clear.")] = None,
    license_id: Annotated[str | None, typer.Option("--licence", help="For add-licence: another number.")] = None,
) -> None:
    """Answer a request: link the record to a physician, add its name or licence to one, or answer in words."""
    from app.core.errors import InvalidRequest
    from app.services.context import operator, transact
    from app.services.held import help_requests
    from app.services.held.help_requests import HelpAnswer

    given = HelpAnswer(action=action, message=message, physician_id=physician_id, board=board, license_id=license_id)
    with use_service() as service:
        try:
            case = transact(operator(service), help_requests.answer, help_id, given)
        except InvalidRequest as refused:
            fail(" ".join(f"{_OPTIONS.get(one.pointer or '', '')}{one.detail} {one.hint}" for one in refused.errors))
    typer.echo(f"Answered. The record is {case.held.status}.")
