"""`pars retention`: what is kept no longer than it has to be."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.output import FAINT, JsonOption, print_json, print_table
from app.cli.progress import show_progress
from app.cli.support import use_service

commands = typer.Typer(name="retention", no_args_is_help=True, help="What is kept no longer than it has to be.")
_KEPT = {
    "originals": "files as they were uploaded",
    "records": "batches' records as they were sent",
    "held_records": "whom held records were about that have ended",
    "answers": "answers under idempotency keys",
    "deliveries": "finished webhook deliveries",
    "explanations": "why physicians were found",
    "downloads": "links to exports that work no longer",
    "sign_in_links": "links to sign in that work no longer",
    "sessions": "sessions of people that ended",
    "mails": "mails to people that were sent",
    "dispute_words": "what was said in disputes that have ended",
}


@commands.callback()
def retention() -> None:
    """Make a group of the one command that there is."""


@commands.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove what has been kept for longer than the settings PARS_KEEP_… say; the worker does it every day."""
    import msgspec

    from app.services.access import retention

    with show_progress("retention"), use_service() as service:
        limits = retention.limits(service)
        removed = retention.look(service) if dry_run else retention.run(service)
    if as_json:
        print_json(msgspec.to_builtins(removed) | {"dry_run": dry_run})
        return
    print_table(
        ("what", "from before", "would go" if dry_run else "gone"),
        [
            (
                said,
                f"{at:%Y-%m-%d}" if (at := limits[what]) is not None else "kept for ever",
                str(getattr(removed, what)),
            )
            for what, said in _KEPT.items()
        ],
        numbers={"would go", "gone"},
        styles={"kept for ever": FAINT, "0": FAINT},
    )
