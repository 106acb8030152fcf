"""Keeping the forms of names by which people are found whose name was written otherwise.

They are made of the names on file, the birth date and the states of licence: whoever writes one of these calls
`refresh` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from app.core.progress import report_progress
from app.matching.names import NAME_FORMS, form_keys, names_beside, parse_names
from app.store.registry import name_forms, name_keys
from app.store.registry.name_forms import FormRow, NamedPerson


def forms_of(person: NamedPerson) -> set[FormRow]:
    """Return the forms of somebody on file."""
    names = parse_names(person.names)
    beside = names_beside(names)
    return {(*key, beside[key[0]]) for key in form_keys(names, person.birth_date, person.states)}


def refresh(connection: Connection, physician_ids: Iterable[str], new: Iterable[str] = ()) -> None:
    """Make the forms of some people anew; `new` are those among them who have none yet."""
    ids = set(physician_ids)
    people = name_forms.load(connection, ids)
    forms = {person.physician_id: forms_of(person) for person in people}
    name_forms.replace(connection, forms, known=ids - set(new))


def remake(connection: Connection) -> None:
    """Make the forms of everybody anew, in the caller's transaction, and note their version."""
    done, after = 0, ""
    while people := name_forms.load_after(connection, after):
        forms = {person.physician_id: forms_of(person) for person in people}
        name_forms.replace(connection, forms, known=forms)
        done, after = done + len(people), people[-1].physician_id
        report_progress("forms of physicians' names", done, unit="physicians")
    name_keys.note_version(connection, name_keys.FORMS, NAME_FORMS)


def find_other_forms(connection: Connection) -> Iterator[str]:
    """Yield the physicians whose forms are not those that this version makes: they would be missed."""
    after = ""
    while people := name_forms.load_after(connection, after):
        stored = name_forms.stored(connection, [person.physician_id for person in people])
        for person in people:
            if stored.get(person.physician_id, set()) != forms_of(person):
                yield person.physician_id
        after = people[-1].physician_id
