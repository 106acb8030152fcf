"""Mails to physicians of what happens to their credit, each as they choose: provider, activity and state, nothing else.

Nothing is added to reporting: what happened is read from the events of providers, which the sealer has put in their
order. What is read, and how far, is one transaction; what is mailed goes from what is to be told in the transaction
that writes the mail. Whoever stops between the two has lost nothing, and tells nothing twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

from app.domain.events import EventKind
from app.domain.passport import notice_mails as texts
from app.domain.passport.audit import MailChoicesAudit
from app.domain.passport.notices import (
    LONGEST_WAIT,
    SETTLED_AFTER,
    MailChoices,
    Notice,
    NoticeKind,
    due_of,
)
from app.domain.people.mails import MailKind
from app.services.context import Caller, Service, Work, operator, transact
from app.services.passport.accounts import confirmed
from app.services.people import mail
from app.store import activity_lists, completions, events
from app.store.passport import accounts, notices
from app.store.people import persons
from app.store.registry import physicians

EVENTS_AT_ONCE = 1_000
CLIENTS_AT_ONCE = 50
_Told = tuple[str, NoticeKind, str]
"""(physician, kind, record)."""


def tell(service: Service) -> bool:
    """Read the next events, and write the mails that are due; return whether there may be more."""
    more = False
    if service.database.read(notices.any_unread):
        more = transact(operator(service), _read_some)
    now = service.clock()
    due = service.database.read(
        lambda connection: notices.due_clients(connection, now, now - LONGEST_WAIT, CLIENTS_AT_ONCE)
    )
    for client_id in due:
        transact(operator(service), _mail, client_id)
    return more or len(due) == CLIENTS_AT_ONCE


def _read_some(work: Work) -> bool:
    """Note what the next events tell physicians; return whether there may be more."""
    connection = work.connection
    mark = notices.lock_mark(connection)
    if not notices.any_confirmed(connection):
        notices.set_mark(connection, max(mark, events.last(connection)[0]))
        return False
    rows = events.rows_after(connection, mark, EVENTS_AT_ONCE)
    if not rows:
        return False
    told = set(_told(connection, [(type, commit, data) for _, _, commit, _, type, data in rows]))
    note(work, told)
    notices.set_mark(connection, rows[-1][1])
    return len(rows) == EVENTS_AT_ONCE


def _told(connection: Connection, found: Iterable[tuple[str, str, Mapping[str, str]]]) -> Iterator[_Told]:
    """Yield what events, given as (type, commit, data), tell to whom."""
    by_kind: defaultdict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for type, commit_id, data in found:
        by_kind[type].append((commit_id, data))
    reported = {data["completion_id"] for _, data in by_kind[EventKind.COMPLETION_REPORTED]}
    for completion_id, learner_id in notices.learners_of(connection, reported).items():
        yield learner_id, NoticeKind.REPORTED, completion_id
    decided = {data["credit_id"] for _, data in by_kind[EventKind.CREDIT_DECIDED]}
    for completion_id, learner_id in notices.rejected_of(connection, decided).items():
        yield learner_id, NoticeKind.REJECTED, completion_id
    withdrawn = {(data["completion_id"], commit_id) for commit_id, data in by_kind[EventKind.CREDIT_WITHDRAWN]}
    corrected = {(data["completion_id"], commit_id) for commit_id, data in by_kind[EventKind.CREDIT_CORRECTED]}
    for change in notices.changes_of(connection, withdrawn | corrected):
        before, after = change.before, change.after
        whose = before.learner_id if before is not None else after.learner_id
        if whose is not None and (change.completion_id, change.commit_id) in withdrawn:
            yield whose, NoticeKind.WITHDRAWN, change.completion_id
        if before is None or (change.completion_id, change.commit_id) not in corrected:
            continue
        if whose != after.learner_id:
            # What is another physician's since is theirs no longer.
            if whose is not None:
                yield whose, NoticeKind.WITHDRAWN, change.completion_id
            if after.learner_id is not None:
                yield after.learner_id, NoticeKind.REPORTED, change.completion_id
        elif whose is not None and any(before.amounts.get(id, new) != new for id, new in after.amounts.items()):
            yield whose, NoticeKind.CORRECTED, change.completion_id


def note(work: Work, told: Iterable[_Told]) -> None:
    """Note what physicians are to be told: those of a confirmed account, who have chosen so."""
    by_learner: defaultdict[str, list[tuple[NoticeKind, str]]] = defaultdict(list)
    for learner_id, kind, subject_id in told:
        by_learner[learner_id].append((kind, subject_id))
    if not by_learner:
        return
    roots = physicians.roots_of(work.connection, by_learner)
    aliases = physicians.aliases_by_root(work.connection, set(roots.values()))
    families = {root: (root, *aliases.get(root, ())) for root in roots.values()}
    accounts_of = notices.confirmed_of(work.connection, {id for family in families.values() for id in family})
    found = []
    for learner_id, things in by_learner.items():
        for id in families.get(roots.get(learner_id, ""), ()):
            account = accounts_of.get(id)
            if account is None:
                continue
            for kind, subject_id in things:
                due_at = due_of(account.choices.time_of(kind), work.now, account.time_zone)
                if due_at is not None:
                    found.append(
                        Notice(
                            client_id=account.client_id, kind=kind, subject_id=subject_id, at=work.now, due_at=due_at
                        )
                    )
    notices.add(work.connection, found)


def _mail(work: Work, client_id: str) -> None:
    """Write one mail of all that an account is to be told by now."""
    connection, service = work.connection, work.service
    account = accounts.lock(connection, client_id)
    person = persons.by_id(connection, account.person_id) if account is not None else None
    found = notices.take(connection, client_id, work.now + SETTLED_AFTER)
    if not found or account is None or account.closed_at is not None or account.confirmed_at is None:
        return
    if person is None or person.removed_at is not None:
        return
    views = [one for one in found if one.kind is NoticeKind.VIEWED]
    text = texts.told_text(
        _lines(connection, [one for one in found if one.kind is not NoticeKind.VIEWED]),
        links_opened=len(views),
        credits=mail.address_of(service, "/passport/credits"),
        shares=mail.address_of(service, "/passport/shares"),
        settings=mail.address_of(service, "/passport/settings#mails"),
    )
    mail.queue(work, account.person_id, MailKind.PASSPORT, text)


def _lines(connection: Connection, found: list[Notice]) -> list[texts.ToldLine]:
    """Return what is told of records: each provider, activity and state once."""
    records = {one.completion_id: one for one in completions.load_by_ids(connection, {one.subject_id for one in found})}
    activities = activity_lists.load_by_ids(connection, sorted({one.activity_id for one in records.values()}))
    titles = {id: stored.activity.title for id, stored in activities.items()}
    names = persons.provider_names(connection, sorted({one.provider_id for one in records.values()})) if records else {}
    lines: dict[texts.ToldLine, None] = {}
    for one in found:
        record = records.get(one.subject_id)
        if record is None:
            continue
        line = texts.ToldLine(
            kind=one.kind,
            provider=names.get(record.provider_id, record.provider_id),
            activity=titles.get(record.activity_id) or record.activity_id,
        )
        lines[line] = None
    return list(lines)


def choices(connection: Connection, caller: Caller) -> MailChoices:
    """Return what the caller is mailed of; raises `Forbidden` while the account is not confirmed."""
    confirmed(connection, caller)
    return notices.choices_of(connection, caller.client.client_id)


def choose(work: Work, chosen: MailChoices) -> None:
    """Change what the caller is mailed of; what waits is told as chosen now. Raises as `choices`."""
    client_id = work.caller.client.client_id
    account = accounts.lock(work.connection, client_id)
    confirmed(work.connection, work.caller)
    assert account is not None
    before = notices.choices_of(work.connection, client_id)
    if before == chosen:
        return
    notices.save_choices(work.connection, client_id, chosen)
    person = persons.by_id(work.connection, account.person_id)
    assert person is not None
    for kind in NoticeKind:
        if before.time_of(kind) is not chosen.time_of(kind):
            due_at = due_of(chosen.time_of(kind), work.now, person.time_zone)
            notices.set_due(work.connection, client_id, kind.value, due_at)
    changed = [name for name in MailChoices.__struct_fields__ if getattr(before, name) is not getattr(chosen, name)]
    work.audit("change", client_id, MailChoicesAudit(changed=changed))
