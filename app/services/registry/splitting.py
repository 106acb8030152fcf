"""Splitting a physician on file who is two people: somebody new takes names, numbers and credit with them.

The operator says of every completion, or of every credit of it, whose it is; nothing is split before all of it is said.
A completion that goes as a whole keeps its id and its credit. Of one that is parted, the credit that goes is withdrawn
and reported anew under the new physician, for a completion is of one learner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from app.core.clock import is_id, new_id
from app.core.errors import Conflict, ErrorItem, InvalidRequest, NotFound, fault_at
from app.domain.audit import PhysicianAudit
from app.domain.credits import Completion, Credit, CreditKind
from app.domain.identity.merges import Split, SplitRecord, SplitResult
from app.domain.identity.physicians import FiledNumber, Physician
from app.services.context import Work
from app.services.registry import filed_people, name_forms
from app.services.registry.doubted_accounts import doubt_accounts
from app.services.registry.drafts import Draft
from app.services.registry.merging import completions_of, lock_everything, name_for, save_drafts
from app.services.reporting.learner_ids import derive_learner_ids
from app.store.registry import physicians
from app.store.registry.generation import note_registry_change


def split(work: Work, physician_id: str, wanted: Split, *, dry_run: bool = False) -> SplitResult:
    """Make two physicians of one. With `dry_run` it only looks: the id of who leaves is then nobody's yet.

    An account in CME Passport stays with who stays, and has to be confirmed again: it may be of who leaves.

    Raises `NotFound`; `InvalidRequest` with everything that is not assigned, assigned twice, or not on file; `Conflict`
    where credit would go to somebody without a number of its board.
    """
    lock_everything(work)
    connection = work.connection
    root = physicians.roots_of(connection, [physician_id]).get(physician_id)
    if root is None:
        raise NotFound
    physicians.lock(connection, [root])
    before = physicians.load(connection, [root])[root]
    held = completions_of(work, root)
    errors = [*_unknown_parts(before, wanted), *_unassigned(held, wanted)]
    if errors:
        raise InvalidRequest(errors=errors)
    stays, leaves = _two_of(work, before, wanted)
    errors = list(_without_number(held, wanted, leaves))
    if errors:
        raise Conflict(
            "Credit would go to somebody who has no number of its board. Nothing was changed.", errors=errors
        )
    drafts, records = _drafts(work, held, wanted, leaves)
    result = SplitResult(before=before, stays=stays, leaves=leaves, records=records)
    if dry_run:
        return result
    parts = filed_people.store(work, before, stays)
    physicians.add(connection, leaves)
    name_forms.refresh(connection, [leaves.physician_id], [leaves.physician_id])
    _name_leaving(work, leaves, drafts)
    save_drafts(work, drafts, verb="split")
    doubt_accounts(work, {root, *before.aliases})
    note_registry_change(connection)
    told = PhysicianAudit(other_id=leaves.physician_id, changed=parts, completions=result.moved)
    work.audit("split", root, told)
    work.audit("split", leaves.physician_id, PhysicianAudit(other_id=root, completions=result.moved))
    stored = physicians.load(connection, (root, leaves.physician_id))
    return replace(result, stays=stored[root], leaves=stored[leaves.physician_id])


def _unknown_parts(before: Physician, wanted: Split) -> Iterator[ErrorItem]:
    """Yield what is to go and is not on file, or must not go."""
    names = {name.key for name in before.names}
    for index, name in enumerate(wanted.names):
        if name.key not in names:
            yield fault_at(f"/names/{index}", "This name is not on file.", "Name only names that the physician has.")
    if names and names <= {name.key for name in wanted.names}:
        yield fault_at("/names", "Every name would go.", "Who stays needs a name: leave one out.")
    if wanted.npi and before.npi is None:
        yield fault_at("/npi", "There is no NPI on file.", "Send false, or leave it out.")
    for part, numbers, on_file in (
        ("licenses", wanted.licenses, before.licenses),
        ("certifications", wanted.certifications, before.certifications),
    ):
        known = {number.key for number in on_file}
        for index, number in enumerate(numbers):
            if number not in known:
                detail = "This number is not on file with this physician."
                yield fault_at(f"/{part}/{index}", detail, "Name only numbers that the physician has.")


def _unassigned(held: Sequence[Completion], wanted: Split) -> Iterator[ErrorItem]:
    """Yield the credit of which it is not said, or said twice, whose it is; and ids that are not of this physician."""
    known = {completion.completion_id for completion in held}
    known |= {credit.credit_id for completion in held for credit in _standing(completion)}
    for member, ids in (("goes", wanted.goes), ("stays", wanted.stays)):
        for id in sorted(ids - known):
            named = id if is_id(id) else "An entry, which is no id,"
            detail = f"{named} is no completion or credit of this physician that stands."
            yield fault_at(f"/{member}", detail, "Take the ids from GET /v1/physicians/{physician_id}/credits.")
    for id in sorted(known & wanted.goes & wanted.stays):
        yield fault_at("/goes", f"{id} is to go and to stay.", "Leave it out of one of the two.")
    for completion in held:
        for credit in _credits_without_owner(completion, wanted):
            detail = f"It is not said whose credit {credit.credit_id} for {credit.board} is."
            hint = f"Name it, or its completion {completion.completion_id}, in goes or in stays."
            yield fault_at("/stays", detail, hint)
        if not completion.credits and completion.completion_id not in wanted.goes | wanted.stays:
            hint = "Name it in goes or in stays."
            yield fault_at("/stays", f"It is not said whose completion {completion.completion_id} is.", hint)


def _credits_without_owner(completion: Completion, wanted: Split) -> list[Credit]:
    said = wanted.goes | wanted.stays
    if completion.completion_id in said:
        return []
    return [credit for credit in _standing(completion) if credit.credit_id not in said]


def _standing(completion: Completion) -> list[Credit]:
    return Draft.of(completion, completion.updated_at).left


def _going(completion: Completion, wanted: Split) -> list[Credit]:
    """Return the credit of a completion that goes: what is said of one credit counts before what is said of all."""
    whole = completion.completion_id in wanted.goes
    return [
        credit
        for credit in _standing(completion)
        if credit.credit_id in wanted.goes or (whole and credit.credit_id not in wanted.stays)
    ]


def _two_of(work: Work, before: Physician, wanted: Split) -> tuple[Physician, Physician]:
    gone = {name.key for name in wanted.names}
    left = [name for name in before.names if name.key not in gone]
    shown, *others = left
    stays = replace(
        before,
        shown=replace(shown, kind=None),
        other_names=tuple(others),
        licenses=tuple(number for number in before.licenses if number.key not in wanted.licenses),
        certifications=tuple(number for number in before.certifications if number.key not in wanted.certifications),
    )
    with_them = [name for name in before.names if name.key in gone and name.key != wanted.shown.key]
    leaves = Physician(
        physician_id=new_id(),
        shown=wanted.shown,
        other_names=tuple(with_them),
        birth_date=str(wanted.birth_date) if wanted.birth_date is not None else None,
        medical_school=wanted.medical_school,
        licenses=tuple(number for number in before.licenses if number.key in wanted.licenses),
        certifications=tuple(number for number in before.certifications if number.key in wanted.certifications),
        created_at=work.now,
        updated_at=work.now,
    )
    if wanted.npi:
        return filed_people.with_npi_of(stays, None), filed_people.with_npi_of(leaves, before)
    return stays, leaves


def _number_for(credit: Credit, leaves: Physician) -> FiledNumber | None:
    """Return the number under which a board knows who leaves: the one of the credit, if it goes with them."""
    numbers = leaves.licenses if credit.kind is CreditKind.CME else leaves.certifications
    held = [number for number in numbers if number.board == credit.board]
    return next((number for number in held if number.number == credit.number_on_file), next(iter(held), None))


def _without_number(held: Sequence[Completion], wanted: Split, leaves: Physician) -> Iterator[ErrorItem]:
    for completion in held:
        for credit in _going(completion, wanted):
            if _number_for(credit, leaves) is None:
                detail = f"Credit {credit.credit_id} is for {credit.board}, of which no number goes."
                hint = "Let the number go as well, or the credit stay."
                yield ErrorItem(code=Conflict.code, pointer="/goes", detail=detail, hint=hint)


def _drafts(
    work: Work, held: Sequence[Completion], wanted: Split, leaves: Physician
) -> tuple[list[Draft], tuple[SplitRecord, ...]]:
    """Return what becomes of the completions, as what is to be written and as what is told of each."""
    own: list[Draft] = []
    new: list[Draft] = []
    records: list[SplitRecord] = []
    for completion in held:
        going = _going(completion, wanted)
        draft = Draft.of(completion, work.now)
        learner_id, *_ = derive_learner_ids(work.service.keyring, (completion.provider_id, leaves.physician_id))
        own.append(draft)
        named = completion.completion_id in wanted.goes
        record = SplitRecord(
            completion_id=completion.completion_id,
            version=completion.version,
            going=tuple(credit.credit_id for credit in going),
        )
        if len(going) == len(draft.left) and (named or (going and completion.rems is None)):
            draft.move_to(leaves.physician_id, learner_id, completion.occasion)
            corrected = [credit.credit_id for credit in going if _renumber(draft, credit, leaves)]
            record = replace(record, whole=True, corrected=tuple(corrected))
        elif going:
            beside = Draft.copy_of(completion, work.now, subject=leaves.physician_id, learner_id=learner_id)
            for credit in going:
                draft.withdraw(credit)
                beside.add(replace(credit, number_on_file=_board_number(credit, leaves)))
            new.append(beside)
        records.append(record)
    return [*own, *new], tuple(records)


def _board_number(credit: Credit, leaves: Physician) -> str | None:
    number = _number_for(credit, leaves)
    return number.number if number is not None else credit.number_on_file


def _renumber(draft: Draft, credit: Credit, leaves: Physician) -> bool:
    """Tell a board where it knows who leaves by another number, or was shown names that are on file only.

    Return whether it is told.
    """
    number = _board_number(credit, leaves)
    one = draft.completion
    as_on_file = not (one.first_name and one.last_name and one.birth_date)
    told = credit.holds and (number != credit.number_on_file or as_on_file)
    if told:
        draft.correct(replace(credit, number_on_file=number))
    return told


def _name_leaving(work: Work, leaves: Physician, drafts: Iterable[Draft]) -> None:
    """Give every provider of completions that go a learner id of who leaves, before the completions are theirs."""
    providers = {draft.completion.provider_id for draft in drafts if draft.completion.subject == leaves.physician_id}
    name_for(work, leaves.physician_id, providers)
