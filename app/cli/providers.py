"""`pars provider`: accredited providers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import FAINT, JsonOption, print_json, print_table
from app.cli.support import fail, read_database, use_service

if TYPE_CHECKING:
    from msgspec import UnsetType

    from app.domain.boards import Span
    from app.domain.clients import ProviderListing

commands = typer.Typer(name="provider", no_args_is_help=True, help="Accredited providers.")


@commands.command()
def add(
    provider_id: Annotated[str, typer.Argument(metavar="ID", help="Seven digits.")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    joint: Annotated[bool, typer.Option("--joint", help="Jointly accredited.")] = False,
    city: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Add an accredited provider."""
    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), clients.add_provider, provider_id, name, joint=joint, city=city, state=state)


@commands.command()
def rename(
    provider_id: Annotated[str, typer.Argument(metavar="ID")], name: Annotated[str, typer.Argument(metavar="NAME")]
) -> None:
    """Give a provider another name; place and joint accreditation stay."""
    from app.services.access import providers
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), providers.rename, provider_id, name)


NO_DAY = "none"


@commands.command("set")
def set_accreditation(
    provider_id: Annotated[str, typer.Argument(metavar="ID")],
    accredited_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="First day of its accreditation, YYYY-MM-DD; `none` for none.")
    ] = None,
    accredited_to: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day of its accreditation; `none` while it has no end.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set the time of a provider's accreditation: nothing is registered or reported for activities outside it."""
    if accredited_from is None and accredited_to is None:
        fail("Say --accredited-from DATE, --accredited-to DATE, or both.")
    from app.services.access import providers
    from app.services.context import operator, transact

    days = {"since": _day("--accredited-from", accredited_from), "until": _day("--accredited-to", accredited_to)}
    with use_service() as service:
        span, outside = transact(operator(service), providers.set_accreditation, provider_id, **days)
    if as_json:
        dates = {"accredited_from": _shown(span.since), "accredited_to": _shown(span.until)}
        print_json({"provider_id": provider_id, **dates, "activities_outside": outside})
        return
    typer.echo(f"{provider_id} is accredited {_in_words(span)}.")
    if outside:
        typer.echo(
            f"{outside} of its activities {'lies' if outside == 1 else 'lie'} outside: nothing new is reported for "
            "them. What was reported stands, and may be corrected or withdrawn."
        )


def _day(option: str, given: str | None) -> date | UnsetType | None:
    from msgspec import UNSET

    from app.domain.parsing import read_date

    if given is None:
        return UNSET
    if given == NO_DAY:
        return None
    day = read_date(given)
    if not isinstance(day, date):
        fail(f"{option}: give a date as YYYY-MM-DD, or {NO_DAY}.")
    return day


def _shown(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _in_words(span: Span) -> str:
    if span.since is None and span.until is None:
        return "without a beginning or an end"
    words = [f"from {span.since}"] if span.since else []
    return " ".join([*words, f"until {span.until}" if span.until else "without an end"])


@commands.command()
def merge(
    provider_id: Annotated[str, typer.Argument(metavar="FROM", help="Its id means the other provider afterwards.")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The provider that stays.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it would do, and what is in the way.")
    ] = False,
    share_references: Annotated[
        bool,
        typer.Option("--share-references", help="Merge although both have used some of the same client references."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Merge a provider into another: all it has is the other's, and its id stays good. It cannot be undone."""
    from app.cli import provider_merges as shown
    from app.services.access import provider_merging
    from app.services.context import operator, transact

    with use_service() as service:
        planned = transact(operator(service), provider_merging.plan, provider_id, into)
        blocked = planned.blocked_by(share_references=share_references)
        if not as_json:
            shown.tell_plan(planned, blocked)
        if blocked and not dry_run:
            fail(shown.why_not(blocked))
        if not dry_run:
            if not (yes or as_json) and not typer.confirm("Merge them? It cannot be undone."):
                raise typer.Exit(1)
            planned = provider_merging.announce_and_merge(service, planned, share_references=share_references)
    if as_json:
        print_json(shown.as_json(planned, dry_run=dry_run))
    elif not dry_run:
        typer.echo(f"Merged. {planned.provider_id} means {planned.into_id} from now on, wherever it is named.")


@commands.command("list")
def list_providers(
    sandboxes: Annotated[bool, typer.Option("--all", help="Sandboxes, too.")] = False, as_json: JsonOption = False
) -> None:
    """List accredited providers, and how many clients act for each."""
    import msgspec

    from app.store import clients

    found = read_database(lambda connection: clients.list_providers(connection, sandboxes=sandboxes))
    if as_json:
        print_json({"data": msgspec.to_builtins(found)})
        return
    remarks = [_remark_on(provider) for provider in found]
    dated = any(provider.accredited_from or provider.accredited_to for provider in found)
    heading = (
        *("provider_id", "name", "joint", "city", "state", "clients"),
        *(("accredited from", "until") if dated else ()),
        *(("remark",) if any(remarks) else ()),
    )
    rows = [
        (
            *(provider.provider_id, provider.name, "yes" if provider.joint else "no"),
            *(provider.city or "-", provider.state or "-", str(provider.clients)),
            *((_shown(provider.accredited_from) or "-", _shown(provider.accredited_to) or "-") if dated else ()),
            *((remark or "-",) if any(remarks) else ()),
        )
        for provider, remark in zip(found, remarks, strict=True)
    ]
    empty = "There are no providers yet: pars provider add adds one."
    print_table(heading, rows, numbers={"clients"}, styles={"-": FAINT}, empty=empty)


def _remark_on(provider: ProviderListing) -> str:
    if provider.sandbox_of:
        return f"sandbox of {provider.sandbox_of}"
    return f"merged into {provider.merged_into}" if provider.merged_into else ""
