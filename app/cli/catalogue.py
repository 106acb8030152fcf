"""`pars catalogue`: the boards' files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.support import fail, use_service
from app.core.config import Settings
from app.rules.examples import find_failures
from app.services.operations.startup import read_catalogue, stored_board_files

commands = typer.Typer(name="catalogue", no_args_is_help=True, help="The boards' files.")


@commands.command()
def check() -> None:
    """Read the boards' files, those in the data folder's catalogue/ included, and run their examples."""
    settings = Settings()
    catalogue = read_catalogue(settings)
    failures = list(find_failures(catalogue))
    for failure in failures:
        expected, found = ", ".join(failure.expected) or "no refusal", ", ".join(failure.found) or "no refusal"
        typer.echo(f"{failure.board}: {failure.says}: expected {expected}, found {found}")
    if failures:
        raise typer.Exit(1)
    count = sum(len(examples) for examples in catalogue.examples.values())
    typer.echo(f"{len(catalogue.boards)} boards, {count} examples hold; digest {catalogue.digest}")


@commands.command()
def show(
    digest: Annotated[str, typer.Argument(help="Digest stored with a decision.")],
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")],
) -> None:
    """Write the board files by which records were once judged."""
    with use_service(migrate=False) as service:
        files = service.database.read(lambda connection: stored_board_files(connection, digest))
    if files is None:
        fail("No record was judged by a catalogue of this digest.")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    typer.echo(f"{len(files)} files in {folder}")
