"""`pars learner`: physicians on file who are one, or two, and why a report found whom it found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import JsonOption, print_json
from app.cli.support import fail, use_service
from app.domain.identity.merges import Overruled

if TYPE_CHECKING:
    from app.domain.identity.erasure import RemsErasure
    from app.domain.identity.merges import MergePlan
    from app.services.context import Service

commands = typer.Typer(
    name="learner", no_args_is_help=True, help="Physicians on file who are one person, or two, and how they are found."
)
PhysicianArgument = Annotated[str, typer.Argument(metavar="ID", help="The physician's id.")]
OverruleOption = Annotated[
    list[Overruled] | None, typer.Option("--overrule", help="What speaks against it and shall not count.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
_ASKED = "[j]oin, [n]ever these two, [l]ater, [s]wap who stays, [q]uit"
_MOST_PRINTED = 10_000
"""Pairs in one list of JSON."""
_MOST_REVIEWED = 500
"""Pairs that one run walks through."""


@commands.command()
def review(as_json: JsonOption = False) -> None:
    """Walk through the pairs that wait: join them, keep them apart for ever, or put them off."""
    from app.cli.learner_views import pair_lines
    from app.domain.identity.learners import PairStatus
    from app.schemas.physician_merges import PhysicianPairOut
    from app.services.context import operator
    from app.services.registry import pair_review

    with use_service() as service:
        caller = operator(service)
        found = service.database.read(
            lambda connection: pair_review.page(
                connection,
                caller,
                status=PairStatus.OPEN,
                after=None,
                limit=_MOST_PRINTED if as_json else _MOST_REVIEWED,
            )
        )
        if as_json:
            print_json({"data": [PhysicianPairOut.of(pair).model_dump(mode="json") for pair in found]})
            return
        if not found:
            typer.echo("No pair waits.")
            return
        for number, pair in enumerate(found, 1):
            for line in pair_lines(pair, f"Pair {number} of {len(found)}"):
                typer.echo(line)
            if not _decide_on(service, pair.pair.pair_id, pair.into, [s.physician.physician_id for s in pair.sides]):
                return


def _decide_on(service: Service, pair_id: str, into: str, both: list[str]) -> bool:
    """Ask what becomes of a pair, and do it; False to stop."""
    from app.core.errors import Conflict
    from app.services.context import operator, transact
    from app.services.registry import merging, pair_review

    overrule: set[Overruled] = set()
    while True:
        answer = typer.prompt(f"{into} stays. {_ASKED}", prompt_suffix=": ").strip().lower()[:1]
        match answer:
            case "q":
                return False
            case "s":
                into = next(id for id in both if id != into)
            case "l":
                transact(operator(service), pair_review.put_off, pair_id)
                return True
            case "n":
                transact(operator(service), pair_review.decide_never, pair_id)
                typer.echo("They are kept apart for ever.")
                return True
            case "j":
                try:
                    plan = transact(operator(service), pair_review.join, pair_id, into, overrule)
                except Conflict as conflict:
                    typer.echo(_reasons(conflict))
                    against = merging.what_speaks_against(conflict)
                    if not against or not typer.confirm("Join them nevertheless?"):
                        continue
                    overrule.update(against)
                    plan = transact(operator(service), pair_review.join, pair_id, into, overrule)
                _tell_merge(plan)
                return True
            case _:
                typer.echo("Answer with one of the letters.")


def _reasons(conflict: Any) -> str:
    return " ".join([conflict.detail, *(error.detail for error in conflict.errors)])


@commands.command()
def merge(
    physician: PhysicianArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="Id of the physician who stays.")],
    overrule: OverruleOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Merge a physician into another who is the same person; both ids stay good. It can be undone."""
    from app.cli.learner_views import merge_lines
    from app.core.errors import Conflict
    from app.services.context import operator, transact
    from app.services.registry import merging

    with use_service() as service:
        chosen = frozenset(overrule or ())
        try:
            plan = transact(operator(service), merging.merge, physician, into, chosen, dry_run=True)
            if not as_json:
                for line in merge_lines(plan):
                    typer.echo(line)
            if not dry_run:
                if not (yes or as_json) and not typer.confirm("Merge them?"):
                    raise typer.Exit(1)
                plan = transact(operator(service), merging.merge, physician, into, chosen)
        except Conflict as conflict:
            against = merging.what_speaks_against(conflict)
            options = " ".join(f"--overrule {kind}" for kind in Overruled if kind in against or kind in chosen)
            fail(f"{_reasons(conflict)}{f' If they are one nevertheless: {options}.' if against else ''}")
        if as_json:
            from app.schemas.physician_merges import MergeOut

            print_json(MergeOut.of(plan, dry_run=dry_run).model_dump(mode="json"))
        elif not dry_run:
            _tell_merge(plan)


def _tell_merge(plan: MergePlan) -> None:
    typer.echo(f"Merged. {plan.one.physician_id} is an alias of {plan.into.physician_id} now.")


@commands.command()
def unmerge(physician: PhysicianArgument, as_json: JsonOption = False) -> None:
    """Undo the merge of a physician: exactly what was moved goes back."""
    from app.schemas.physician_merges import UnmergeOut
    from app.services.context import operator, transact
    from app.services.registry import merging

    with use_service() as service:
        undone = transact(operator(service), merging.unmerge, physician)
    if as_json:
        print_json(UnmergeOut.of(undone).model_dump(mode="json"))
        return
    typer.echo(f"Undone. {undone.moved} completions went back, {undone.restored} credits were reported anew.")
    for lost in undone.not_restored:
        typer.echo(f"Not restored: credit {lost.credit_id} of completion {lost.completion_id}: {lost.reason}.")


@commands.command()
def split(
    physician: PhysicianArgument,
    file: Annotated[
        Path | None,
        typer.Option("--from", help="JSON as POST /v1/physicians/{id}/split takes it, instead of questions."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Split a physician who is two people; asks of every completion whose it is."""
    from app.cli.learner_questions import ask_for_split
    from app.core.errors import InvalidRequest
    from app.schemas.physician_merges import SplitOut
    from app.services.context import operator, transact
    from app.services.registry import physicians, splitting
    from app.services.registry.given_fields import read_split

    with use_service() as service:
        caller = operator(service)
        if file is not None:
            fields = _fields_in(file)
        else:
            on_file, held = service.database.read(
                lambda connection: (
                    physicians.get(connection, caller, physician),
                    physicians.credit_of(connection, caller, physician),
                )
            )
            fields = ask_for_split(on_file, held)
        try:
            result = transact(caller, splitting.split, physician, read_split(fields, service.catalogue))
        except InvalidRequest as refused:
            fail(" ".join(f"{error.detail} {error.hint}" for error in refused.errors))
    if as_json:
        print_json(SplitOut.of(result).model_dump(mode="json"))
        return
    typer.echo(
        f"Split. {result.leaves.physician_id} is a physician of their own, with {result.moved} completions as a whole "
        f"and credit of {result.parted} others."
    )


def _fields_in(file: Path) -> dict[str, Any]:
    """Return the fields of a split that a file holds."""
    from pydantic import ValidationError

    from app.core.http.sentences import sentence_of
    from app.schemas.physician_merges import SplitIn

    try:
        return SplitIn.model_validate_json(file.read_bytes()).fields_sent()
    except ValidationError as error:
        faults = [f"/{'/'.join(map(str, fault['loc']))}: {sentence_of(fault)[0]}" for fault in error.errors()]
        fail(f"{file.name} is not the body of a split. {' '.join(faults)}")


@commands.command()
def explain(
    completion: Annotated[str, typer.Argument(metavar="COMPLETION_ID", help="Or the id of a record that waits.")],
    as_json: JsonOption = False,
) -> None:
    """Explain how the physician of a completion was found: levels and ids, never a name, a date or a number."""
    from app.schemas.match_explanations import MatchExplanationOut
    from app.services.context import operator
    from app.services.registry import explaining

    with use_service() as service:
        caller = operator(service)
        explained = service.database.read(lambda connection: explaining.explain(connection, caller, completion))
    if as_json:
        print_json(MatchExplanationOut.of(explained).model_dump(mode="json"))
        return
    for line in explaining.in_words(explained):
        typer.echo(line)


@commands.command()
def erase(
    learner: Annotated[str, typer.Argument(metavar="LEARNER", help="The physician's id, or NPI.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    unread: Annotated[
        bool, typer.Option("--unread", help="Erase though boards have not read yet what was reported.")
    ] = False,
    provider: Annotated[
        str | None,
        typer.Option("--provider", help="Erase a REMS learner who is no physician: LEARNER is this provider's id."),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a physician: what identifies them goes everywhere; ids, amounts and the audit log stay. For good."""
    from app.cli.learner_views import erasure_lines, rems_erasure_lines
    from app.domain.identity.erasure import Erasure
    from app.services.access import erasure, rems_erasure

    planned: Erasure | RemsErasure
    with use_service() as service:
        if provider is not None:
            planned = rems_erasure.erase_rems_learner(service, provider, learner, dry_run=True)
        else:
            planned = erasure.erase(service, learner, unread=unread, dry_run=True)
        if not as_json:
            lines = erasure_lines(planned) if isinstance(planned, Erasure) else rems_erasure_lines(planned)
            for line in lines:
                typer.echo(line)
        if not dry_run:
            if not (yes or as_json) and not typer.confirm("Erase for good? Nothing brings it back"):
                raise typer.Exit(1)
            if provider is not None:
                planned = rems_erasure.erase_rems_learner(service, provider, learner)
            else:
                planned = erasure.erase(service, learner, unread=unread)
    if as_json:
        print_json(planned.as_json())
    elif not dry_run:
        left = f"Nothing but the id {planned.physician_id} is left." if isinstance(planned, Erasure) else ""
        typer.echo(f"Erased. {left}".strip())


@commands.command()
def readmit(
    physician: PhysicianArgument,
    first_name: Annotated[str, typer.Option("--first-name", help="The name that is shown.")],
    last_name: Annotated[str, typer.Option("--last-name")],
    npi: Annotated[str | None, typer.Option("--npi", help="The NPI that they had.")] = None,
    license: Annotated[
        str | None, typer.Option("--license", metavar="BOARD:NUMBER", help="A licence that they had, as TN-M:444444.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in again a physician who was erased, with the credit that stands; imports then know them."""
    from app.services.access import readmission
    from app.services.context import operator, transact

    with use_service() as service:
        back = transact(operator(service), readmission.readmit, physician, (first_name, last_name), npi, license)
    if as_json:
        print_json({"physician_id": back})
        return
    typer.echo(f"{back} is on file again, with the credit that stands. Import what else is known of them.")
