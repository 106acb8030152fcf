"""`pars registry`: the registry of physicians."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.progress import show_progress
from app.cli.support import fail, fail_on_faults, use_service

if TYPE_CHECKING:
    from app.services.registry.imports import ImportCounts


class RegistryFormat(enum.StrEnum):
    """Whose columns a file has."""

    PARS = "pars"
    NPPES = "nppes"


commands = typer.Typer(name="registry", no_args_is_help=True, help="The registry of physicians.")


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON, plain or .gz; nppes: also .zip.")],
    file_format: Annotated[
        RegistryFormat,
        typer.Option("--format", help="pars: columns of ours; nppes: the national provider file and its updates."),
    ] = RegistryFormat.PARS,
    credit_licences: Annotated[
        bool,
        typer.Option("--credit-licences", help="nppes: credit goes to licences as their holders have given them, too."),
    ] = False,
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
    if credit_licences and file_format is not RegistryFormat.NPPES:
        fail("--credit-licences is for --format nppes: what other files say of licences is credited anyway.")
    if report is not None and report.is_dir():
        fail(f"{report} is a folder: name a file for the report.")
    from app.services.registry import imports
    from app.services.registry.national import imports as nppes

    counts = imports.ImportCounts()
    try:
        with use_service() as service, show_progress(file.name):
            if file_format is RegistryFormat.NPPES:
                nppes.import_file(service, file, counts, credited=credit_licences)
            else:
                imports.import_file(service, file, counts)
    except BaseException:
        # Pairs are listed when they are first kept: those of the lines before a fault would never be told.
        if counts != imports.ImportCounts():
            _tell(file.name, counts, listed, report, as_json=as_json)
        raise
    _tell(file.name, counts, listed, report, as_json=as_json)
    if counts.refused:
        raise typer.Exit(1)


@commands.command("generate")
def generate(
    count: Annotated[int, typer.Argument(metavar="N", min=1, help="How many physicians, at most 200,000,000.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same people; a larger N adds to them.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Write them to this new file instead, plain or .gz, to be imported.")
    ] = None,
    file_format: Annotated[
        RegistryFormat,
        typer.Option("--format", help="With --out; nppes: N rows of a national provider file, one in 7 a physician's."),
    ] = RegistryFormat.PARS,
) -> None:
    """Add N synthetic physicians to the registry: nobody real. Repeated with the same seed, it adds nobody.

    Some share a name, an office or a birthday, lack a birth date or have a number that was issued again.
    """
    from app.core.config import Settings
    from app.services.operations.startup import read_catalogue
    from app.services.registry.generating import files as synthetic_files
    from app.services.registry.generating.physicians import MOST
    from app.services.registry.imports import ImportCounts

    if count > MOST:
        fail(f"There are {MOST:,} NPIs: N can be no more.")
    if out is None:
        if file_format is RegistryFormat.NPPES:
            fail("--format nppes makes a file: name it with --out.")
        counts = ImportCounts()
        with use_service() as service, show_progress("physicians"):
            synthetic_files.import_physicians(service, count, seed, counts)
        _tell("generated", counts, 20, None, as_json=False)
        return
    if not out.parent.is_dir():
        fail(f"There is no folder for {out.name}.")
    if out.exists():
        fail(f"{out} is there already: name a new file.")
    write = synthetic_files.write_nppes if file_format is RegistryFormat.NPPES else synthetic_files.write_physicians
    with fail_on_faults(), show_progress(out.name):
        write(out, read_catalogue(Settings.read()), count, seed)
    typer.echo(f"{count:,} rows in {out}")


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
