"""`pars batch`: a file from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.support import fail, use_service
from app.domain.batches import Batch, BatchKind
from app.schemas.batches import BatchOut
from app.services.batches import command

commands = typer.Typer()


@commands.command()
def batch(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook, tab-delimited text, XML or NDJSON.")],
    provider_id: Annotated[str, typer.Option("--provider", help="Provider whose records they are.")],
    permission_attested: Annotated[
        bool, typer.Option("--permission-attested", help="The learners have permitted the reporting.")
    ] = False,
    kind: Annotated[BatchKind, typer.Option(help="What the records are.")] = BatchKind.LEARNER_COMPLETIONS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge the records, and store none of them.")] = False,
) -> None:
    """Take a file through the pipeline, and print what became of its records; exit 1 when any was rejected."""
    if kind is BatchKind.LEARNER_COMPLETIONS and not permission_attested:
        fail("Say --permission-attested once the learners have agreed to the reporting.")
    with use_service() as service, typer.progressbar(length=1_000, label=file.name, file=sys.stderr) as bar:

        def show_progress(batch: Batch) -> None:
            bar.update(int(1_000 * batch.applied / batch.records) - bar.pos if batch.records else 0)

        finished = command.run_batch(service, file, provider_id, kind, dry_run=dry_run, report=show_progress)
    shown = BatchOut.of(finished)
    typer.echo(shown.model_dump_json(indent=1, include={"batch_id", "status", "counts", "warnings", "file_error"}))
    if finished.file_error is not None or finished.counts.get("rejected"):
        raise typer.Exit(1)
