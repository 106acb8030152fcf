"""`pars catalogue`: the boards' files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import JsonOption, print_json
from app.cli.support import fail, use_service

commands = typer.Typer(name="catalogue", no_args_is_help=True, help="The boards' files.")


@commands.command()
def check(as_json: JsonOption = False) -> None:
    """Read the boards' files, those in the data folder's catalogue/ included, and run their examples."""
    import msgspec

    from app.core.config import Settings
    from app.rules.examples import find_failures
    from app.services.operations.startup import read_catalogue

    catalogue = read_catalogue(Settings.read())
    failures = list(find_failures(catalogue))
    count = sum(len(examples) for examples in catalogue.examples.values())
    if as_json:
        boards = len(catalogue.boards)
        found = msgspec.to_builtins(failures)
        print_json({"boards": boards, "examples": count, "digest": catalogue.digest, "failures": found})
        raise typer.Exit(1 if failures else 0)
    for failure in failures:
        expected, found = ", ".join(failure.expected) or "no refusal", ", ".join(failure.found) or "no refusal"
        typer.echo(f"{failure.board}: {failure.says}: expected {expected}, found {found}")
    if failures:
        raise typer.Exit(1)
    typer.echo(f"{len(catalogue.boards)} boards, {count} examples hold; digest {catalogue.digest}")


@commands.command()
def show(
    digest: Annotated[str, typer.Argument(help="Digest stored with a decision.")],
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")],
) -> None:
    """Write the board files by which records were once judged."""
    from app.services.operations.startup import stored_board_files

    with use_service(migrate=False) as service:
        files = service.database.read(lambda connection: stored_board_files(connection, digest))
    if files is None:
        fail("No record was judged by a catalogue of this digest.")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    typer.echo(f"{len(files)} files in {folder}")
