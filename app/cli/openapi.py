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
    """Write the description of the API, and beside it those of webhooks and PARS documents, and the names of all.

    The list of names only grows. PARS documents are described by the schemas and examples in the folder `pars`.
    """
    from app.files.shapes.published import published_files
    from app.main import released_descriptions
    from app.routers.openapi import names_of

    api, webhooks = released_descriptions()
    texts = {path: api, path.with_name("webhooks.json"): webhooks}
    names = path.with_name("names.txt")
    kept = set(names.read_text(encoding="utf-8").splitlines()) if names.exists() else set()
    path.parent.mkdir(parents=True, exist_ok=True)
    for place, text in texts.items():
        place.write_text(text, encoding="utf-8")
        kept |= names_of(json.loads(text))
        typer.echo(place)
    folder = path.with_name("pars")
    folder.mkdir(exist_ok=True)
    for name, text in published_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    typer.echo(folder)
    names.write_text("\n".join(sorted(kept)) + "\n", encoding="utf-8")
