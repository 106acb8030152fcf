"""Keys of names that are made anew leave everything else of a name as it is."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from app.domain.identity.learners import NameKind, OtherName, RegistryRow
from app.domain.parsing import MonthDay
from app.services.context import Service
from app.services.operations import checks
from app.services.registry import imports
from app.store.registry import name_keys

EVERY = "SELECT * FROM learner_names WHERE birth_date = '06/11' ORDER BY last_key, first_key"
STALE = {"last_key = 'stale' || last_key", "first_key = 'stale' || first_key"}


def names(connection: Connection) -> list[dict[str, object]]:
    return [dict(row._mapping) for row in connection.execute(text(EVERY))]


@pytest.mark.parametrize("stale", sorted(STALE))
def test_parts_and_kind_of_a_name_outlive_new_keys(service: Service, stale: str) -> None:
    former = OtherName(
        kind=NameKind.FORMER, first_name="Lei", middle_name="Kealoha", last_name="Ka'ahele", suffix="III"
    )
    person = RegistryRow(
        first_name="Leilani",
        middle_name="Mae",
        last_name="Ka'bahele",
        birth_date=MonthDay(6, 11),
        other_names=(former,),
    )
    imports.import_rows(service, [(1, person)])
    before = service.database.read(names)
    assert [(name["first_name"], name["middle_name"], name["suffix"], name["kind"]) for name in before] == [
        ("Lei", "Kealoha", "III", "former"),
        ("Leilani", "Mae", None, None),
    ]

    def remake(connection: Connection) -> None:
        connection.execute(text(f"UPDATE learner_names SET {stale} WHERE birth_date = '06/11'"))
        name_keys.remake(connection)

    service.database.write(remake)
    assert service.database.read(names) == before
    assert checks.find_faults(service) == []
