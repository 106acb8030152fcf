"""Merging two physicians on file who are one person, and undoing it: nothing is lost, nothing doubled.

The merge keeps both ids: the one of who is merged is an alias for ever, by which provider and operator still name the
person. Names and numbers come together. Credit is placed as if it had been reported for one person from the beginning
(`credit_placing.py`) and written by the pipeline's own statements, so boards and providers are told what changes for
them, and nothing else. All of it is one transaction. What was moved is kept, so that exactly that goes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from app.core.clock import new_id
from app.core.errors import Conflict, ErrorItem, NotFound
from app.domain.amounts import format_quarters
from app.domain.audit import PhysicianAudit
from app.domain.credits import Completion
from app.domain.identity.learners import PairStatus
from app.domain.identity.merges import Merge, MergeDocument, MergePlan, Overruled, Unmerged
from app.domain.identity.physicians import Physician
from app.services.context import Work
from app.services.registry import filed_people, name_forms
from app.services.registry.credit_placing import MergedCredit, PartedCredit
from app.services.registry.doubted_accounts import doubt_accounts
from app.services.registry.drafts import Draft, held_after, ledger_growth
from app.services.reporting.learner_ids import derive_learner_ids
from app.services.reporting.saving import maximum_quarters, save_changes
from app.store import activities, completions
from app.store.completion_writes import NO_MAXIMUM
from app.store.registry import imports, merges, pairs, physicians
from app.store.registry.generation import note_registry_change

WHY = {
    Overruled.BIRTH_DATE: "The birth dates on file differ.",
    Overruled.NPI: "Both have an NPI, and a person has one.",
    Overruled.SUFFIX: "The suffixes of their names differ, as those of father and son do.",
    Overruled.NEVER: "It was decided that these two are never one person.",
}
"""What speaks against a merge, as sentences."""


def what_speaks_against(conflict: Conflict) -> list[Overruled]:
    """Return what a refused merge names, each of which may be overruled; nothing if it cannot be."""
    named = {error.detail for error in conflict.errors if error.pointer == "/overrule"}
    return [kind for kind, sentence in WHY.items() if sentence in named]


def lock_everything(work: Work) -> None:
    """Let no import, report, decision or other merge run until this transaction ends."""
    imports.lock_imports(work.connection)
    merges.lock_out_reports(work.connection)


def merge(
    work: Work, physician_id: str, into_id: str, overrule: Collection[Overruled] = (), *, dry_run: bool = False
) -> MergePlan:
    """Make one physician an alias of another, with all that is on file and all credit.

    Raises `NotFound`, and `Conflict` where they are one already, where something speaks against it that is not
    overruled, and where together they would hold more of an activity than its maximum. With `dry_run` it only looks.
    """
    lock_everything(work)
    one, into = _load_two(work, physician_id, into_id)
    pair = pairs.find(work.connection, one.physician_id, into.physician_id)
    _refuse_contradictions(one, into, pair.status if pair is not None else None, overrule)
    links, links_into = (merges.links_of(work.connection, who.physician_id) for who in (one, into))
    learner_ids = links | links_into
    placed = _place(work, one, into, learner_ids)
    refuse_more_than_maximum(work, placed.drafts)
    after, gave = filed_people.joined(one, into)
    document = MergeDocument(
        before=one,
        gave=gave,
        aliases=one.aliases,
        providers=tuple(sorted(links.keys() - links_into.keys())),
        moved=tuple(placed.moved),
        withdrawn=tuple(placed.withdrawn),
        superseded=tuple(placed.superseded),
        named=tuple(placed.named),
        pair_status=pair.status if pair is not None else None,
    )
    plan = MergePlan(one=one, into=into, after=after, document=document)
    if dry_run:
        return plan
    _store_merge(work, plan)
    save_drafts(work, placed.drafts, verb="merge")
    note_registry_change(work.connection)
    [stored] = physicians.load(work.connection, [into.physician_id]).values()
    return replace(plan, after=stored)


def _load_two(work: Work, physician_id: str, into_id: str) -> tuple[Physician, Physician]:
    roots = physicians.roots_of(work.connection, {physician_id, into_id})
    if physician_id not in roots:
        raise NotFound
    if into_id not in roots:
        detail = "No physician has the id in into."
        hint = "Send the physician_id of who stays."
        raise NotFound(detail, errors=[ErrorItem(code=NotFound.code, pointer="/into", detail=detail, hint=hint)])
    one_id, other_id = roots[physician_id], roots[into_id]
    if one_id == other_id:
        raise Conflict("They are one physician already: one of these ids is an alias of the other.")
    physicians.lock(work.connection, (one_id, other_id))
    found = physicians.load(work.connection, (one_id, other_id))
    return found[one_id], found[other_id]


def _refuse_contradictions(
    one: Physician, into: Physician, pair_status: str | None, overrule: Collection[Overruled]
) -> None:
    found = list(filed_people.contradictions(one, into))
    if pair_status == PairStatus.NEVER:
        found.append(Overruled.NEVER)
    open_ = [kind for kind in found if kind not in overrule]
    if open_:
        raise Conflict(
            "Something speaks against it that these two are one person. Nothing was changed.",
            errors=[
                ErrorItem(
                    code=Conflict.code,
                    pointer="/overrule",
                    detail=WHY[kind],
                    hint=f"If they are one nevertheless, send {kind} in overrule: what is on file of the one who stays "
                    "holds then.",
                )
                for kind in open_
            ],
        )


def _place(work: Work, one: Physician, into: Physician, learner_ids: Mapping[str, str]) -> MergedCredit:
    moving = completions.load_by_ids(work.connection, physicians.completion_ids_of(work.connection, one.physician_id))
    touched = {(completion.activity_id, into.physician_id) for completion in moving}
    beside = completions.load_standing(work.connection, touched)
    return MergedCredit.place(
        moving,
        [completion for standing in beside.values() for completion in standing],
        subject=into.physician_id,
        learner_ids=learner_ids,
        at=work.now,
    )


def refuse_more_than_maximum(work: Work, drafts: Sequence[Draft]) -> None:
    """Raise `Conflict` where somebody would hold more of an activity than its maximum."""
    grown = {(activity_id, subject, target) for activity_id, subject, target in ledger_growth(drafts)}
    providers = {draft.completion.activity_id: draft.completion.provider_id for draft in drafts}
    reportable = activities.load_reportable(
        work.connection, {(providers[activity_id], activity_id) for activity_id, _, _ in grown}
    )
    held = held_after(drafts)
    errors = []
    for key in sorted(grown):
        activity_id, _, target = key
        maximum = maximum_quarters(reportable.activities.get(activity_id), target)
        if maximum != NO_MAXIMUM and held[key] > maximum:
            detail = (
                f"Activity {activity_id} gives {format_quarters(maximum)} of {target} at most, and one person would "
                f"hold {format_quarters(held[key])}."
            )
            hint = "Let its provider correct or withdraw one of the records, or raise the activity's amount."
            errors.append(ErrorItem(code=Conflict.code, pointer="", detail=detail, hint=hint))
    if errors:
        raise Conflict("Together they hold more of an activity than it gives. Nothing was changed.", errors=errors)


def save_drafts(work: Work, drafts: Iterable[Draft], *, verb: str) -> None:
    """Write what becomes of completions, with their ledgers, board events and audit entries, in this order."""
    changes = [(work, change) for draft in drafts if (change := draft.change()) is not None]
    save_changes(changes, {}, verb=verb)


def _store_merge(work: Work, plan: MergePlan) -> None:
    connection, document = work.connection, plan.document
    one, into = plan.one, plan.into
    empty_files(work, one.physician_id)
    parts = filed_people.store(work, into, plan.after)
    merges.set_alias(connection, (one.physician_id, *document.aliases), into.physician_id, work.now)
    merges.move_links(connection, document.providers, one.physician_id, into.physician_id)
    merges.add(
        connection,
        Merge(
            merge_id=new_id(),
            physician_id=one.physician_id,
            into_id=into.physician_id,
            at=work.now,
            document=document,
        ),
        work.caller.client.client_id,
    )
    _decide_pair(work, one, into, PairStatus.JOINED)
    told = PhysicianAudit(
        other_id=into.physician_id, completions=len(document.moved), withdrawn=len(document.superseded)
    )
    work.audit("merge", one.physician_id, told)
    work.audit("merge", into.physician_id, PhysicianAudit(other_id=one.physician_id, changed=parts))
    for alias in document.aliases:
        work.audit("merge", alias, PhysicianAudit(other_id=into.physician_id))


def _decide_pair(work: Work, one: Physician, other: Physician, status: PairStatus) -> None:
    client_id = work.caller.client.client_id
    pairs.set_status(work.connection, one.physician_id, other.physician_id, status, work.now, client_id)


def empty_files(work: Work, physician_id: str) -> None:
    """Leave nothing on file of an alias by which anybody could be found; the row itself stays."""
    no_npi = dict.fromkeys(("npi", "npi_disputed_at", "npi_listed", "npi_ended_on"))
    physicians.set_fields(work.connection, physician_id, no_npi)
    physicians.remove_names_and_numbers(work.connection, physician_id)
    name_forms.refresh(work.connection, [physician_id])


def unmerge(work: Work, physician_id: str) -> Unmerged:
    """Undo the merge by which a physician is an alias.

    Completions that it moved go back as they are now, whoever corrected or decided on them since. Credit that it
    withdrew is reported anew, as long as the credit that stands for it still does. What was reported since stays.
    Raises `NotFound`, and `Conflict` where there is no such merge, or something else has to be undone first.
    """
    lock_everything(work)
    connection = work.connection
    if physician_id not in physicians.roots_of(connection, [physician_id]):
        raise NotFound
    merged = merges.standing(connection, physician_id)
    if merged is None:
        raise Conflict("It is not merged into another physician, so there is nothing to undo.")
    physicians.lock(connection, (physician_id, merged.into_id))
    found = physicians.load(connection, (physician_id, merged.into_id))
    alias, root = found[physician_id], found[merged.into_id]
    if root.merged_into is not None:
        detail = f"Since then {root.physician_id} was merged as well, into {root.merged_into}."
        raise Conflict(f"{detail} Undo that merge first.")
    document = merged.document
    _refuse_lost_numbers(work, document.before, root)
    credit = _part_credit(work, alias, root, document)
    refuse_more_than_maximum(work, credit.drafts)
    others = [other for other in merges.standing_into(connection, root.physician_id) if other != merged]
    merges.undo(connection, merged.merge_id, work.now)
    rest = filed_people.parted(root, document.before, document.gave, [other.document.before for other in others])
    parts = filed_people.store(work, root, rest)
    bare = replace(alias, other_names=(), licenses=(), certifications=())
    filed_people.store(work, bare, replace(document.before, created_at=alias.created_at))
    physicians.replace_names(connection, document.before)
    name_forms.refresh(connection, [alias.physician_id])
    merges.set_alias(connection, [alias.physician_id], None, work.now)
    own_aliases = [other for other in document.aliases if physicians.is_alias_of(connection, other, root.physician_id)]
    merges.set_alias(connection, own_aliases, alias.physician_id, work.now)
    save_drafts(work, credit.drafts, verb="unmerge")
    doubt_accounts(work, {alias.physician_id, root.physician_id, *document.aliases, *root.aliases}, since=merged.at)
    name_the_rest(work, root.physician_id)
    if document.pair_status is not None:
        _decide_pair(work, alias, root, PairStatus(document.pair_status))
    told = PhysicianAudit(other_id=root.physician_id, completions=len(credit.back), restored=credit.restored)
    work.audit("unmerge", alias.physician_id, told)
    work.audit("unmerge", root.physician_id, PhysicianAudit(other_id=alias.physician_id, changed=parts))
    for own in own_aliases:
        work.audit("unmerge", own, PhysicianAudit(other_id=alias.physician_id))
    note_registry_change(connection)
    stored = physicians.load(connection, (alias.physician_id, root.physician_id))
    return Unmerged(
        parted=stored[alias.physician_id],
        rest=stored[root.physician_id],
        moved=len(credit.back),
        restored=credit.restored,
        not_restored=tuple(credit.not_restored),
    )


def _refuse_lost_numbers(work: Work, before: Physician, root: Physician) -> None:
    """Raise `Conflict` where a number that would go back is somebody else's by now."""
    lost = set()
    if before.npi and physicians.holder_of_npi(work.connection, before.npi) not in (None, root.physician_id):
        lost.add("NPI")
    for table, numbers in (("licenses", before.licenses), ("certifications", before.certifications)):
        for number in numbers:
            holders = physicians.holders_of(work.connection, table, number)
            if any(holder != root.physician_id for holder, _ in holders):
                lost.add(number.board)
    if lost:
        detail = f"Somebody else holds a number by now that would go back: {', '.join(sorted(lost))}."
        raise Conflict(f"{detail} Undo that change first: a split, or what an import added.")


def _part_credit(work: Work, alias: Physician, root: Physician, document: MergeDocument) -> PartedCredit:
    connection = work.connection
    touched = {one.completion_id for one in document.moved} | {one.kept_in for one in document.superseded}
    touched |= {one.completion_id for one in document.superseded}
    loaded = completions.load_by_ids(connection, touched)
    pairs_of = {(one.activity_id, root.physician_id) for one in loaded}
    beside = completions.load_standing(connection, pairs_of)
    standing = {one.completion_id: one for some in beside.values() for one in some}
    gone = {one.completion_id: one for one in loaded if one.completion_id in document.withdrawn}
    merges.move_links(connection, document.providers, root.physician_id, alias.physician_id)
    learner_ids = merges.links_of(connection, alias.physician_id)
    credit = PartedCredit(
        subject=alias.physician_id,
        from_subject=root.physician_id,
        learner_ids=dict(learner_ids),
        drafts_by_id={id: Draft.of(one, work.now) for id, one in sorted(standing.items())},
        gone=gone,
        at=work.now,
    )
    credit.part(document.moved, document.superseded, document.named)
    return credit


def name_the_rest(work: Work, physician_id: str) -> None:
    """Give every provider who has a physician's completions a learner id of them, where it has none."""
    known = merges.links_of(work.connection, physician_id)
    name_for(work, physician_id, set(merges.providers_with_credit(work.connection, physician_id)) - known.keys())


def name_for(work: Work, physician_id: str, provider_ids: Collection[str]) -> None:
    """Give providers that have no learner id of a physician one each."""
    rows: list[Mapping[str, object]] = []
    for provider_id in sorted(provider_ids):
        learner_id, *_ = derive_learner_ids(work.service.keyring, (provider_id, physician_id))
        rows.append(
            {"provider_id": provider_id, "learner_id": physician_id, "link": learner_id, "created_at": work.now}
        )
    merges.add_links(work.connection, rows)


def completions_of(work: Work, physician_id: str) -> list[Completion]:
    """Return the completions of a physician that stand."""
    return completions.load_by_ids(work.connection, physicians.completion_ids_of(work.connection, physician_id))
