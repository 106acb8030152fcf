"""What is given to a statement reaches it as it is, on both databases."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.services.context import Service
from app.store.sql import statements
from app.store.sql.key_sets import from_keys, from_ordered_ids
from app.store.sql.values import array_literal
from tests.harness.properties import examples

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ODD = st.sampled_from(["", " ", "NULL", "null", '"', "\\", '\\"', "{}", "{a,b}", ",", "'", "\\N", "%s", ":k", "\r\n\t"])


@examples(30)
@given(keys=st.lists(st.tuples(ODD | TEXTS, st.none() | ODD | TEXTS), min_size=1, max_size=8))
def test_keys_of_any_text_are_joined_as_they_are(service: Service, keys: list[tuple[str, str | None]]) -> None:
    def read(connection: Connection) -> list[statements.Row]:
        source, parameters = from_keys(connection, ("one", "other"), keys)
        return statements.fetch(connection, f"SELECT k.one, k.other FROM {source}", parameters)

    def read_placed(connection: Connection) -> list[statements.Row]:
        source, parameters = from_ordered_ids(connection, [key for key, _ in keys])
        return statements.fetch(connection, f"SELECT k.id FROM {source} ORDER BY k.place", parameters)

    assert service.database.read(read) == keys
    assert [text for (text,) in service.database.read(read_placed)] == [text for text, _ in keys]


def test_whole_numbers_are_written_as_such() -> None:
    assert array_literal([1, None, -20, "1"]) == '{1,NULL,-20,"1"}'
