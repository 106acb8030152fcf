"""What `pars provider merge` tells: what moves, what is in the way, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from app.cli.output import print_table
from app.services.access.provider_merging import SHARED

if TYPE_CHECKING:
    from app.services.access.provider_merging import ProviderMerge
    from app.store.access.provider_merges import Collision

IN_THE_WAY = {
    "internal-id": "activities have the same internal id",
    "webhook-url": "webhook endpoints have the same address",
    "grant": "clients may act for one of the two, and lost that right at the other",
    SHARED: "records bear the same client reference",
}
WHAT_TO_DO = {
    "internal-id": "Give one activity of each pair another internal id (PATCH /v1/activities/ID), or delete it.",
    "webhook-url": "Delete one endpoint of each pair, or it would be sent every event twice.",
    "grant": "Decide for each: pars grant CLIENT PROVIDER, or pars revoke CLIENT PROVIDER.",
    SHARED: "Give one record of each pair another reference; or merge with --share-references: a correction by such a "
    "reference is then refused, and names the records.",
}


def tell_plan(planned: ProviderMerge, blocked: Mapping[str, Collision]) -> None:
    """Print what a merge moves, and everything that both have and only one can."""
    one, into = planned.provider_id, planned.into_id
    typer.echo(f"{one} becomes {into}, and means it for ever. What moves:")
    print_table(("what", "number"), [(name, str(count)) for name, count in planned.rows.items()], numbers={"number"})
    if planned.widened:
        since = planned.accredited.since or "any day"
        until = planned.accredited.until or "no end"
        typer.echo(f"{into} is then accredited from {since} until {until}: the times of both together.")
    for kind, found in planned.collisions.items():
        typer.echo(f"\n{found.count} {IN_THE_WAY[kind]}{':' if kind in blocked else '.'}")
        if kind not in blocked:
            continue
        print_table((f"of {one}", f"of {into}"), [(left, right) for left, right in found.examples])
        if found.count > len(found.examples):
            typer.echo(f"and {found.count - len(found.examples)} more")
        typer.echo(WHAT_TO_DO[kind])


def why_not(blocked: Mapping[str, Collision]) -> str:
    """Return the sentence that refuses a merge."""
    return f"Nothing was changed: {'; '.join(f'{found.count} {IN_THE_WAY[kind]}' for kind, found in blocked.items())}."


def as_json(planned: ProviderMerge, *, dry_run: bool) -> dict[str, Any]:
    """Return a merge for programs."""
    return {
        "provider_id": planned.provider_id,
        "merged_into": planned.into_id,
        "dry_run": dry_run,
        "moved": dict(planned.rows),
        "collisions": {
            kind: {"count": found.count, "examples": [list(pair) for pair in found.examples]}
            for kind, found in planned.collisions.items()
        },
    }
