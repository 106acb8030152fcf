"""`pars demo`: the demo world, and boards that read and decide in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from app.cli.progress import show_progress
from app.cli.support import use_service

commands = typer.Typer(name="demo", no_args_is_help=True, help="The demo world.")


@commands.command()
def load() -> None:
    """Load the demo world, and put a fresh key of the client `demo` in the data folder."""
    from app.services.demo import upcoming, world

    with show_progress("demo world"), use_service() as service:
        key_file = world.load(service)
        upcoming.load(service)
    typer.echo(key_file)


@commands.command()
def board(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The board's code or name.")],
    url: Annotated[str, typer.Option(help="Where the service runs.")] = "http://127.0.0.1:8000",
    once: Annotated[bool, typer.Option("--once", help="End when nothing is new.")] = False,
    slow: Annotated[float, typer.Option(min=0, help="Seconds between reading something and storing it.")] = 0.0,
    flaky: Annotated[float, typer.Option(min=0, max=1, help="The share of answers that get lost.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Which answers get lost.")] = 1,
    seconds: Annotated[float | None, typer.Option("--for", min=0, help="Seconds after which it ends.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="Learners whom boards know otherwise than reported; some are built in.")
    ] = None,
) -> None:
    """Be a board: read its feed from a running service and decide, until stopped; resumes when started again."""
    import httpx

    from app.core.config import Settings
    from app.services.demo import world
    from app.simulator.board import BoardOptions, LossyTransport, open_board
    from app.simulator.decisions import ROSTER, load_roster

    settings = Settings.read()
    with use_service() as service:
        code, key = world.renew_board_key(service, code)
    transport: httpx.BaseTransport = httpx.HTTPTransport()
    board = open_board(
        code,
        key,
        transport=LossyTransport(transport, flaky, seed) if flaky else transport,
        url=url,
        file=settings.data_dir / f"demo-board-{code}.json",
        roster=load_roster(code, roster or ROSTER),
        options=BoardOptions(once=once, slow=slow, seconds=seconds),
        say=typer.echo,
    )
    with board.http, suppress(KeyboardInterrupt):
        board.work()
