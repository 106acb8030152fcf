"""References: the sender's own keys of completions and credits, as records add to them and corrections leave them.

A reference that was answered finds its completion from then on. Records only add references, and so do corrections by
reference; a correction by id replaces those of which it gives another, and takes away what it says is not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from app.domain.completion_changes import Change
from app.domain.credits import Completion, Credit, add_references
from app.domain.parsing import plain_text
from app.domain.reports import Action, CmePart, CompletionReport, CorrectionKind, MocPart
from app.rules.case import Case
from app.rules.targets import own_references
from app.services.context import Work


def build_namings_elsewhere(work: Work, case: Case) -> Iterator[Change]:
    """Yield the changes that give references to completions beside the one that the record is about."""
    if case.placement is None or not case.placement.names:
        return
    about = case.before.completion_id if case.before is not None else None
    others = {
        naming.completion.completion_id: naming.completion
        for naming in case.placement.names
        if naming.completion.completion_id != about
    }
    for completion in others.values():
        change = build_naming(case, completion, work.now)
        if change is not None:
            yield change


def build_naming(case: Case, completion: Completion | None, at: datetime) -> Change | None:
    """Return the change that only gives a completion and its credits the references which a record brings."""
    if completion is None or not case.known_placement.names:
        return None
    named, rewritten = add_names(case, completion)
    if not rewritten and named is completion:
        return None
    after = replace(named, version=completion.version + 1, updated_at=at)
    return Change(completion=after, before=completion, rewritten=rewritten, only_named=True)


def add_names(case: Case, completion: Completion) -> tuple[Completion, tuple[Credit, ...]]:
    """Return a completion with the references that a record brings to it, and its credits that got some."""
    of_credits: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for naming in case.known_placement.names:
        if naming.completion.completion_id != completion.completion_id:
            continue
        if naming.credit is None:
            held = add_references(completion.client_references, naming.references)
            completion = replace(completion, client_references=held)
        else:
            of_credits[naming.credit.credit_id] += naming.references
    if not of_credits:
        return completion, ()
    credits = {
        credit.credit_id: replace(
            credit, client_references=add_references(credit.client_references, of_credits[credit.credit_id])
        )
        for credit in completion.credits
        if credit.credit_id in of_credits
    }
    kept = tuple(credits.get(credit.credit_id, credit) for credit in completion.credits)
    return replace(completion, credits=kept), tuple(credits.values())


def references_of_record(report: CompletionReport, before: Completion) -> tuple[str, ...]:
    """Return the references of the completion as a whole after a correction; a known one keeps its spelling.

    Where the report gives all of them, those stand. Otherwise they stay unless it gives another, and a correction by
    reference or an update by row never takes one away.
    """
    return _references_after(
        before.client_references,
        report.references,
        # A patch was applied to all of them: one that is not there any more was taken away.
        all_given=report.client_references is not None or report.correction is CorrectionKind.PATCH,
        adds=_only_adds(report),
    )


def _references_after(held: tuple[str, ...], given: Sequence[str], *, all_given: bool, adds: bool) -> tuple[str, ...]:
    """Return references after a correction that gives some.

    `all_given` says that there are no others; `adds` that none is ever taken away.
    """
    if adds or (not given and not all_given):
        return add_references(held, given)
    spelled = {plain_text(reference): reference for reference in held}
    return add_references((), [spelled.get(plain_text(reference), reference) for reference in given])


def references_of_credit(
    held: Credit, part: CmePart | MocPart, report: CompletionReport, before: Completion, after: Completion
) -> tuple[str, ...]:
    """Return the references of a credit after a correction: its own, and those of the record under which it stands.

    The credit of a completion that several records joined bears the references of its own record only. It gets those
    that the report gives the record, unless the part gives all of its own and they are no news.
    """
    were, are = _plain(before.client_references), _plain(after.client_references)
    own = _references_after(
        tuple(reference for reference in held.client_references if plain_text(reference) not in were),
        own_references(part),
        all_given=part.client_references is not None,
        adds=_only_adds(report),
    )
    of_record = [reference for reference in held.client_references if plain_text(reference) in were & are]
    spreads = part.client_references is None or report.correction is CorrectionKind.BY_REFERENCE
    news = [
        reference
        for reference in after.client_references
        if plain_text(reference) not in were or (spreads and plain_text(reference) in _plain(report.references))
    ]
    return add_references((), [*own, *of_record, *news])


def _plain(references: Sequence[str]) -> set[str]:
    return set(map(plain_text, references))


def _only_adds(report: CompletionReport) -> bool:
    """Whether a correction never takes a reference away: what stands under another one is not its to know."""
    return report.correction is CorrectionKind.BY_REFERENCE or report.action is Action.UPDATE


def is_shared(case: Case) -> bool:
    """Whether a correction by reference is about a completion that other references, or credit without it, share."""
    placement, report = case.known_placement, case.report
    if report.correction is not CorrectionKind.BY_REFERENCE or placement.corrects is None:
        return False
    return bool(placement.kept) or bool(_plain(placement.corrects.client_references) - _plain(report.references))
