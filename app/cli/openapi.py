"""`pars openapi`: the committed description of the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer()


@commands.command()
def openapi(
    path: Annotated[Path, typer.Option(help="Where to write it.")] = Path("openapi/openapi.json"),
) -> None:
    """Write the description of the API, and beside it the names that clients rely on: that list only grows."""
    from app.main import openapi_json
    from app.routers.openapi import names_of

    text, names = openapi_json(), path.with_name("names.txt")
    kept = set(names.read_text(encoding="utf-8").splitlines()) if names.exists() else set()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    names.write_text("\n".join(sorted(kept | names_of(json.loads(text)))) + "\n", encoding="utf-8")
    typer.echo(path)
