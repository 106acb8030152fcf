"""`pars serve` and `pars worker`: the processes that keep running."""

from __future__ import annotations

from typing import Annotated

import typer

commands = typer.Typer()


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on.")] = 8000,
    demo_world: Annotated[bool, typer.Option("--demo", help="Load the demo world first, and print a key.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Serving processes; more than one on PostgreSQL only.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Serve only; on PostgreSQL only.")] = False,
) -> None:
    """Serve HTTP, with an embedded worker."""
    from app.core.config import Settings

    settings = Settings.read()
    from app import server

    server.serve(settings, host=host, port=port, demo_world=demo_world, workers=workers, with_worker=not no_worker)


@commands.command()
def worker(
    threads: Annotated[int, typer.Option(min=1, max=64, help="Files whose records take effect at once.")] = 1,
) -> None:
    """Do background work, beside any number of workers on any number of machines; on PostgreSQL only."""
    from app.core.config import Settings

    settings = Settings.read()
    from app import server

    server.work(settings, threads=threads)
