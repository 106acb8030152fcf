"""What is read of a plain cell is what is read of it with a mark around it that nobody sees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity.learners import RegistryRow
from app.services.registry.row_reading import read_or_fault
from tests.builders.judging import CATALOGUE

MARK = "\u200b"
TEXT = st.text("Almanoz -.'", max_size=8)
ENTRY = st.builds("{}:{}".format, st.sampled_from(["TN-M", "tn-m", "ME-M"]), st.text("01aB-. ", min_size=1, max_size=6))


@given(TEXT, TEXT, st.lists(ENTRY, max_size=2, unique_by=str.upper))
def test_a_plain_cell_and_one_with_an_unseen_mark_are_one(first: str, middle: str, entries: list[str]) -> None:
    entries = [entry for entry in entries if any(sign.isalnum() for sign in entry.partition(":")[2])]
    row = {"last_name": "One", "first_name": first, "middle_name": middle, "licenses": ";".join(entries)}
    marked = {name: f"{MARK}{text}{MARK}" for name, text in row.items()}
    marked["licenses"] = ";".join(f"{entry}{MARK}" for entry in entries)
    plain, other = read_or_fault(row, CATALOGUE), read_or_fault(marked, CATALOGUE)
    if isinstance(plain, RegistryRow) and isinstance(other, RegistryRow):
        assert plain == other
        assert [held.key for held in plain.licenses] == [held.key for held in other.licenses]
    else:
        assert str(plain) == str(other)
