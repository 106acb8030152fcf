"""`pars batch`: a file from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import BAD, FAINT, GOOD, on_terminal, print_json, terminal
from app.cli.progress import show_progress
from app.cli.support import fail, use_service
from app.domain.batches import OF_BOARDS, BatchKind, BatchOwner, OnUnmatched

if TYPE_CHECKING:
    from app.domain.batches import Batch
    from app.services.context import Service

commands = typer.Typer()
_STYLES = {"rejected": BAD, "held": "yellow", "warned": "yellow"}


@commands.command()
def batch(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A workbook, text with tabs or commas, XML, JSON, NDJSON.")
    ],
    provider_id: Annotated[str | None, typer.Option("--provider", help="Provider whose records they are.")] = None,
    board: Annotated[str | None, typer.Option("--board", help="Board whose roster or list of licensees it is.")] = None,
    permission_attested: Annotated[
        bool, typer.Option("--permission-attested", help="The learners have permitted the reporting.")
    ] = False,
    kind: Annotated[BatchKind, typer.Option(help="What the records are.")] = BatchKind.LEARNER_COMPLETIONS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge the records, and store none of them.")] = False,
    on_unmatched: Annotated[
        OnUnmatched, typer.Option(help="What becomes of completions whose physician is not found.")
    ] = OnUnmatched.REJECT,
    rejected: Annotated[
        Path | None,
        typer.Option("--rejected", metavar="FILE", help="Write the rejected records here, with what is wrong."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on a terminal, too.")] = False,
) -> None:
    """Take a file through the pipeline, and print what became of its records; exit 1 when any was rejected."""
    if (kind in OF_BOARDS) is (board is None) or (board is None) is (provider_id is None):
        fail("Say --board CODE with --kind roster or transcripts, and --provider ID with every other kind.")
    if kind is BatchKind.LEARNER_COMPLETIONS and not permission_attested:
        fail("Say --permission-attested once the learners have agreed to the reporting.")
    if kind is not BatchKind.LEARNER_COMPLETIONS and on_unmatched is OnUnmatched.HOLD:
        fail("Only completions can be held: leave --on-unmatched out.")
    if rejected is not None:
        _refuse_place(rejected, file)
    from app.schemas.batches import BatchOut
    from app.services.batches import command

    owner = BatchOwner(provider_id=provider_id, board=board)
    with use_service() as service:
        with show_progress(file.name):
            finished = command.run_batch(service, file, owner, kind, dry_run=dry_run, on_unmatched=on_unmatched)
        shown = BatchOut.of(finished).model_dump(
            mode="json", include={"batch_id", "status", "counts", "warnings", "file_error"}
        )
        _print(shown, file.name, as_json=as_json, dry_run=dry_run)
        if rejected is not None:
            _save_rejected(service, finished, rejected)
    if finished.file_error is not None or finished.counts.get("rejected"):
        raise typer.Exit(1)


def _refuse_place(rejected: Path, file: Path) -> None:
    """Refuse a place for the rejected records before anything is done: a batch is not to be taken back for it."""
    if rejected.is_dir():
        fail(f"{rejected} is a folder: name a file for the rejected records.")
    if not rejected.parent.is_dir():
        fail(f"There is no folder {rejected.parent} for the rejected records.")
    if rejected.exists() and file.exists() and rejected.samefile(file):
        fail("The rejected records would replace the file that is sent: name another.")


def _print(shown: dict[str, Any], name: str, *, as_json: bool, dry_run: bool) -> None:
    if as_json or not on_terminal():
        print_json(shown)
        return
    from rich.text import Text

    console = terminal()
    error = shown["file_error"]
    title = "judged, nothing was stored" if dry_run else shown["status"]
    console.print(Text.assemble((name, "bold"), f": {title}  ", (f"batch {shown['batch_id']}", FAINT)))
    if error is not None:
        place = "".join(f", {part} {error[part]}" for part in ("row", "column") if error.get(part))
        console.print(Text.assemble((f"{error['code']}{place}: ", BAD), error["detail"]))
        return
    for outcome, count in shown["counts"].items():
        if count or outcome == "read":
            style = _STYLES.get(outcome, "" if outcome == "read" else GOOD)
            console.print(Text.assemble(f"  {outcome:14}", (f"{count:>9,}", style)))
    for warning in shown["warnings"]:
        console.print(Text.assemble((f"  warning {warning['rule']}: {warning['rows']:,} records", "yellow")))


def _save_rejected(service: Service, batch: Batch, path: Path) -> None:
    """Write the rejected records, and say where and how many on standard error."""
    from app.files.formats import XLSX_TYPE
    from app.services.batches import command

    count = batch.counts.get("rejected", 0)
    if not count:
        typer.echo(f"No record was rejected: {path} is not written.", err=True)
        return
    try:
        media_type = command.save_rejected(service, batch, path)
    except OSError as error:
        fail(
            f"The rejected records could not be written to {path}: {error.strerror}. The records were processed: "
            f"download the file of batch {batch.batch_id}."
        )
    typer.echo(f"{count:,} rejected record{'s' * (count != 1)}, with what is wrong: {path}", err=True)
    if media_type == XLSX_TYPE and path.is_file() and path.suffix.lower() != ".xlsx":
        typer.echo("It is an .xlsx workbook: give it that ending, or no program may open it.", err=True)
