"""The columns by which a person was looked for: where nobody was found, one of their cells is wrong, or several."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.batches import BatchKind, Cell, FileHead, Raw, RowFinding
from app.domain.columns import LEARNER_LINK
from app.files.headings import layout

_RULES = frozenset({"learner-unmatched", "learner-ambiguous"})
_PERSON = ("/learner/first_name", "/learner/last_name", "/learner/date_of_birth", "/learner/npi", LEARNER_LINK)
_NUMBERS = ("state", "license_id", "board", "board_id")


class ComparedColumns:
    """The columns of one file that say who is meant."""

    def __init__(self, head: FileHead, kind: BatchKind) -> None:
        places = {pointer: place for place, pointer in layout(head.headings, kind).pointers.items()}
        self._person = [places[pointer] for pointer in _PERSON if pointer in places]
        self._parts = {
            place: pointer.rpartition("/")[0]
            for pointer, place in places.items()
            if pointer.split("/")[1] in ("cme", "moc") and pointer.split("/")[3:] in [[name] for name in _NUMBERS]
        }

    def of(self, finding: RowFinding, raw: Raw) -> tuple[int, ...]:
        """Return the places of the cells that were compared in vain; none for findings of other rules.

        A part of a record that nobody was matched for was compared by its own numbers only.
        """
        if finding.rule not in _RULES or not isinstance(raw, list) or not self._person:
            return ()
        if finding.index is None:
            part = None
        elif finding.index in self._parts:
            part = self._parts[finding.index]
        else:
            return ()
        numbers = (place for place, of in self._parts.items() if part is None or of == part)
        return tuple(sorted(place for place in (*self._person, *numbers) if _is_given(raw, place)))


def _is_given(cells: Sequence[Cell], place: int) -> bool:
    return place < len(cells) and cells[place] is not None and bool(str(cells[place]).strip())
