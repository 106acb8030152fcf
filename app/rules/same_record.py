"""Whether a completion of another learner is the very record that is sent: a registry that grows finds people anew.

Only the matched learner counts for what one record is. So a record that was credited to a near namesake, while its
physician was not on file, would be a second one as soon as its physician is: the same credit, twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditKind
from app.domain.held import references_in
from app.domain.identity.comparison_keys import full_name_key, id_key, short_id_key
from app.domain.parsing import MonthDay, plain_text
from app.domain.reports import CompletionReport

NamedKey: TypeAlias = tuple[str, str, str]
"""Two of last name, first name and birth date that two records have in common, after which two these are."""
_NPI = "npi"


def named_keys(last: str, first: str, birth_date: str) -> tuple[NamedKey, ...]:
    """Return the keys of a person as sent, of name keys and MM/DD (empty for none); records alike share one."""
    if not last:
        return ()
    return ("names", last, first), ("last", last, birth_date), *((("first", first, birth_date),) if first else ())


def named_keys_of(report: CompletionReport) -> tuple[NamedKey, ...]:
    """Return the keys of a report's person; the names may have been written in each other's place."""
    born = report.person.birth_date
    last, first = report.person.name
    return *named_keys(last, first, str(born) if isinstance(born, MonthDay) else ""), ("names", first, last)


def named_keys_in(completion: Completion) -> tuple[NamedKey, ...]:
    """Return the keys of the person in whose name a completion stands."""
    return named_keys(*full_name_key(completion.first_name, completion.last_name), completion.birth_date or "")


def find_elsewhere(report: CompletionReport, others: Iterable[Completion], catalogue: Catalogue) -> Completion | None:
    """Return the first of some completions, of other learners in its activity on its day, that is the record sent."""
    return next((other for other in others if _is_same(report, other, catalogue)), None)


def shares_reference(report: CompletionReport, completion: Completion) -> bool:
    """Whether credit that holds in a completion bears a reference of a report."""
    borne = {plain_text(reference) for credit in _holding(completion) for reference in credit.client_references}
    return not borne.isdisjoint(references_in(report))


def _is_same(report: CompletionReport, completion: Completion, catalogue: Catalogue) -> bool:
    """Whether a report is the record of which another learner's completion was made.

    Under the same reference, two of last name, first name and birth date are the same, and at most one thing differs: a
    corrected spelling is the same record, while a sender may give one reference to a whole session. Otherwise all that
    is given of the person is the same, for a state or a board that has credit there.
    """
    if completion.completed_on != report.completed_on or not _holding(completion):
        return False
    common = set(named_keys_of(report)) & set(named_keys_in(completion))
    if not common:
        return False
    numbers_differ = _numbers_differ(report, completion, catalogue)
    names, dates = any(key[0] == "names" for key in common), _dates_differ(report, completion)
    if shares_reference(report, completion):
        return (not names or dates) + numbers_differ < 2
    return names and not dates and not numbers_differ and _overlaps(report, completion, catalogue)


def _holding(completion: Completion) -> Sequence[Credit]:
    return [credit for credit in completion.credits if credit.holds]


def _dates_differ(report: CompletionReport, completion: Completion) -> bool:
    born = report.person.birth_date
    return isinstance(born, MonthDay) and completion.birth_date is not None and str(born) != completion.birth_date


def _numbers_differ(report: CompletionReport, completion: Completion, catalogue: Catalogue) -> bool:
    """Whether both give a number of the same kind, state or board, and none that both give is the same."""
    held: dict[str, set[str]] = {}
    for place, number in ((_NPI, completion.npi), *_numbers_in(completion, catalogue)):
        if number:
            held.setdefault(place, set()).add(short_id_key(id_key(number)))
    both = [
        short_id_key(id_key(number)) in held[place]
        for place, number in ((_NPI, report.person.npi), *_numbers_of(report, catalogue))
        if number and place in held
    ]
    return bool(both) and not any(both)


def _overlaps(report: CompletionReport, completion: Completion, catalogue: Catalogue) -> bool:
    """Whether a report is for a state or a board that has credit in a completion; an NPI may stand for any state."""
    held = {place for place, _ in _numbers_in(completion, catalogue)}
    asked = {place for place, _ in _numbers_of(report, catalogue)}
    any_state = any(not part.state for part in report.cme) and any(
        credit.kind is CreditKind.CME for credit in _holding(completion)
    )
    return any_state or not held.isdisjoint(asked)


def _numbers_in(completion: Completion, catalogue: Catalogue) -> Iterator[tuple[str, str | None]]:
    """Yield (state or certifying board, number as reported) of the credit that holds in a completion."""
    for credit in _holding(completion):
        board = catalogue.boards.get(credit.board)
        yield (board.state if board is not None and board.state else credit.board), credit.number_reported


def _numbers_of(report: CompletionReport, catalogue: Catalogue) -> Iterator[tuple[str, str | None]]:
    """Yield (state or certifying board, number) of each part of a report whose state or board is known."""
    for cme in report.cme:
        for board in catalogue.licensing(cme.state)[:1] if cme.state else ():
            yield board.state or board.code, cme.license_id
    for moc in report.moc:
        certifying = catalogue.certifying(moc.board) if moc.board else None
        if certifying is not None:
            yield certifying.code, moc.board_id
