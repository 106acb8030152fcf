"""`pars registry`: the registry of physicians."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.progress import show_progress
from app.cli.support import fail, use_service

if TYPE_CHECKING:
    from app.services.registry.imports import ImportCounts

commands = typer.Typer(name="registry", no_args_is_help=True, help="The registry of physicians.")


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON, plain or .gz.")],
    report: Annotated[
        Path | None,
        typer.Option(help="Write every line refused and every pair to this file, CSV or .ndjson."),
    ] = None,
    listed: Annotated[int, typer.Option("--list", min=0, help="How many lines refused and pairs are listed.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts and what is listed as JSON.")] = False,
) -> None:
    """Import physicians, as often as you like; nobody is removed for being absent.

    Exits with 1 when a line was refused; the others are imported.
    """
    if report is not None and not report.parent.is_dir():
        fail(f"There is no folder for {report.name}.")
    if report is not None and report.is_dir():
        fail(f"{report} is a folder: name a file for the report.")
    from app.services.registry import imports

    counts = imports.ImportCounts()
    try:
        with use_service() as service, show_progress(file.name):
            imports.import_file(service, file, counts)
    except BaseException:
        # Pairs are listed when they are first kept: those of the lines before a fault would never be told.
        if counts != imports.ImportCounts():
            _tell(file.name, counts, listed, report, as_json=as_json)
        raise
    _tell(file.name, counts, listed, report, as_json=as_json)
    if counts.refused:
        raise typer.Exit(1)


def _tell(name: str, counts: ImportCounts, listed: int, report: Path | None, *, as_json: bool) -> None:
    """Print what an import did, and write its report."""
    from app.services.registry import import_report

    if as_json:
        typer.echo(import_report.as_json(counts, listed))
    else:
        typer.echo(import_report.summary(counts))
        for sentence in import_report.listed(name, counts, listed):
            typer.echo(sentence, err=True)
    if report is not None:
        import_report.write(report, counts)
