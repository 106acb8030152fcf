"""`pars import`: what another system has kept is taken over, with what boards decided there."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import JsonOption, print_json
from app.cli.progress import show_progress
from app.cli.support import fail, use_service
from app.domain.batches import BatchKind

if TYPE_CHECKING:
    from app.services.moving.files import ImportWanted, MovedCounts

commands = typer.Typer(
    name="import",
    no_args_is_help=True,
    help="The records of another system, with their statuses and ids; boards are not told again.",
)
FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="NDJSON or CSV of an export, or a PARS document; plain or .gz."),
]
ProviderOption = Annotated[str, typer.Option("--provider", metavar="ID", help="Provider whose records they are.")]
RejectedOption = Annotated[
    Path | None,
    typer.Option("--rejected", metavar="FILE", help="Write what was not taken over here, with what is wrong."),
]
ListOption = Annotated[int, typer.Option("--list", min=0, max=20, help="How many of these are listed.")]


class TellBoardsChoice(enum.StrEnum):
    """What boards are told."""

    NONE = "none"
    PENDING = "pending"


class StatusChoice(enum.StrEnum):
    """What became of credit of which a file does not say it."""

    ACCEPTED = "accepted"
    PENDING = "pending"


@commands.command("activities")
def import_activities(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="NDJSON, CSV or XLSX of an export, or a PARS document; plain or .gz."),
    ],
    provider_id: ProviderOption,
    rejected: RejectedOption = None,
    listed: ListOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Import activities, closed ones as closed; as often as you like. Exits with 1 when any was not taken over."""
    _check_places(file, rejected)
    from app.services.moving.files import ImportWanted

    wanted = ImportWanted(kind=BatchKind.ACTIVITIES, provider_id=provider_id)
    _run(file, wanted, rejected, listed, as_json=as_json)


@commands.command("completions")
def import_completions(
    file: FileArgument,
    provider_id: ProviderOption,
    tell_boards: Annotated[
        TellBoardsChoice,
        typer.Option("--tell-boards", help="pending: boards are told of credit on which they have not decided."),
    ] = TellBoardsChoice.NONE,
    status: Annotated[
        StatusChoice | None, typer.Option("--status", help="What became of credit of which the file does not say it.")
    ] = None,
    submitted: Annotated[
        str | None,
        typer.Option("--submitted", metavar="DAY", help="Day of submission of records that do not tell theirs."),
    ] = None,
    rejected: RejectedOption = None,
    listed: ListOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Import completions with their credit, after the activities; as often as you like.

    Exits with 1 when any was not taken over, or is on file otherwise: what is on file stays.
    """
    _check_places(file, rejected)
    from app.domain.credits import CreditStatus
    from app.domain.moving.telling import TellBoards
    from app.files.moving.values import read_moment
    from app.services.moving.files import ImportWanted

    day = read_moment(submitted) if submitted is not None else None
    if submitted is not None and day is None:
        fail("--submitted is a day, as 2021-12-31.")
    wanted = ImportWanted(
        kind=BatchKind.LEARNER_COMPLETIONS,
        provider_id=provider_id,
        tell=TellBoards(tell_boards.value),
        status=CreditStatus(status.value) if status is not None else None,
        submitted=day,
    )
    _run(file, wanted, rejected, listed, as_json=as_json)


def _check_places(file: Path, rejected: Path | None) -> None:
    """Refuse a place for what is not taken over before anything is done."""
    if rejected is None:
        return
    if rejected.is_dir():
        fail(f"{rejected} is a folder: name a file.")
    if not rejected.parent.is_dir():
        fail(f"There is no folder {rejected.parent}.")
    if rejected.exists() and file.exists() and rejected.samefile(file):
        fail("What is not taken over would replace the file that is imported: name another.")


def _run(file: Path, wanted: ImportWanted, rejected: Path | None, listed: int, *, as_json: bool) -> None:
    from app.services.moving.files import MovedCounts, import_file

    counts = MovedCounts()
    try:
        with use_service() as service, show_progress(file.name):
            import_file(service, file, wanted, counts, rejected)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("What was imported stays: run it again to go on.") from None
    finally:
        if counts.read:
            _tell(file.name, counts, listed, rejected, as_json=as_json)
    if counts.left:
        raise typer.Exit(1)


def _tell(name: str, counts: MovedCounts, listed: int, rejected: Path | None, *, as_json: bool) -> None:
    """Print what became of the records."""
    if as_json:
        print_json(
            counts.as_document()
            | {
                "listed": [
                    {"row": row, "rule": finding.rule, "detail": finding.detail, "hint": finding.hint}
                    for row, finding in counts.listed[:listed]
                ]
            }
        )
    else:
        told = {name.replace("-", " "): count for name, count in counts.as_document().items()}
        typer.echo("  ".join(f"{what} {count:,}" for what, count in told.items() if count or what == "read"))
        for row, finding in counts.listed[:listed]:
            typer.echo(f"{name} row {row}: {finding.rule}: {finding.detail} {finding.hint}".rstrip(), err=True)
    if rejected is not None and counts.left and rejected.exists():
        typer.echo(f"{counts.left:,} records that were not taken over, with what is wrong: {rejected}", err=True)
