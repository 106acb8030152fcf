"""What a person changes about themselves: name, time zone, theme, and which mails they get."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from sqlalchemy import Connection

from app.core.errors import InvalidRequest, NotFound, fault_at
from app.domain.audit import PersonAudit
from app.domain.people.persons import LONGEST_NAME, MailChoice, StaffPerson, Theme
from app.domain.people.sessions import Session
from app.services.context import Work
from app.services.people import sessions
from app.store.people import persons

_FIELDS = ("name", "time_zone", "theme", "mail_choice")


@cache
def time_zones() -> list[str]:
    """Return the names of the time zones that there are."""
    return sorted(available_timezones())


def look(connection: Connection, person_id: str, now: datetime) -> tuple[list[Session], int]:
    """Return where a person is signed in, and how many recovery codes are left."""
    return sessions.listed(connection, person_id, now), persons.count_recovery_codes(connection, person_id)


def change(work: Work, person_id: str, given: Mapping[str, str]) -> StaffPerson:
    """Change fields of a person; raises `InvalidRequest` with everything that is wrong."""
    person = persons.lock(work.connection, person_id)
    if person is None or person.removed_at is not None:
        raise NotFound("There is no such person.")
    faults, values = [], {name: given[name].strip() for name in _FIELDS if name in given}
    if len(values.get("name", "")) > LONGEST_NAME:
        faults.append(fault_at("/name", f"The name has more than {LONGEST_NAME} characters.", "Shorten it."))
    if "time_zone" in values and values["time_zone"] not in time_zones():
        faults.append(fault_at("/time_zone", "There is no such time zone.", "Choose one of the list, like US/Eastern."))
    if "theme" in values and values["theme"] not in set(Theme):
        faults.append(fault_at("/theme", "There is no such theme.", "Choose system, light or dark."))
    if "mail_choice" in values and values["mail_choice"] not in set(MailChoice):
        faults.append(fault_at("/mail_choice", "There is no such choice.", "Choose none, daily or weekly."))
    if faults:
        raise InvalidRequest(errors=faults)
    changed = {
        name: value or None if name == "name" else value
        for name, value in values.items()
        if (value or None) != getattr(person, name)
    }
    if changed:
        persons.change(work.connection, person_id, changed)
        work.audit("change", person_id, PersonAudit(changed=sorted(changed)))
    found = persons.by_id(work.connection, person_id)
    assert found is not None
    return found
