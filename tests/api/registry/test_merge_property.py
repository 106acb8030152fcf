"""Any sequence of reports, decisions, merges, splits and their undoing keeps every credit once, and every invariant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Conflict, InvalidRequest
from app.domain.identity.merges import MergeReason, Overruled, Split
from app.domain.identity.physicians import FiledName
from app.services.context import Service, operator, transact
from app.services.registry import merging, splitting
from app.store.registry import physicians
from app.store.sql import statements
from tests.builders.bodies import a_completion, points
from tests.builders.people import import_people
from tests.harness.api import Api, settle
from tests.harness.board_views import decide, live, replayed
from tests.harness.properties import examples

_NUMBERS = itertools.count(100)
FIRST_NAMES = ("Ann", "Bea", "Cyd")
STATES = ("TN", "ME", "VT")

steps = st.one_of(
    st.tuples(st.just("report"), st.integers(0, 2), st.sampled_from(("cme", "moc", "both")), st.integers(1, 2),
              st.integers(1, 2)),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("unmerge"), st.integers(0, 5)),
    st.tuples(st.just("split"), st.integers(0, 5), st.integers(0, 255)),
    st.tuples(st.just("accept"), st.integers(0, 20)),
)  # fmt: skip


class World:
    """Three people of one last name that nobody else has, and what is credited to them all together."""

    def __init__(self, api: Api, service: Service) -> None:
        self.api, self.service = api, service
        self.number = next(_NUMBERS)
        letters = "".join(chr(97 + int(digit)) for digit in str(self.number))
        self.last_name = f"Quill{letters}"
        import_people(
            service,
            *(
                {
                    "first_name": name, "last_name": self.last_name, "date_of_birth": "05/06",
                    "licenses": f"{state}-M:{self.number}{place}", "certifications": f"ABA:{self.number}{place}",
                }
                for place, (name, state) in enumerate(zip(FIRST_NAMES, STATES, strict=True))
            ),
        )  # fmt: skip
        self.ids = self._read(
            "SELECT DISTINCT n.learner_id FROM learner_names n WHERE n.last_key = :key ORDER BY 1",
            key=self.last_name.lower(),
        )
        self.expected = 0

    def _read(self, query: str, **parameters: Any) -> list[Any]:
        return self.service.database.read(lambda connection: statements.fetch_column(connection, query, parameters))

    @property
    def held(self) -> int:
        """The quarters that hold, of all of them."""
        return int(
            self._read(
                "SELECT coalesce(sum(x.quarters), 0) FROM credits x JOIN completions c "
                "ON c.completion_id = x.completion_id WHERE x.holds AND c.last_name = :name",
                name=self.last_name,
            )[0]
        )

    def report(self, place: int, kind: str, day: int, amount: int) -> None:
        named = {
            "first_name": FIRST_NAMES[place], "last_name": self.last_name, "born": "05/06",
            "state": STATES[place], "license_id": f"{self.number}{place}",
        }  # fmt: skip
        moc = [points("ABA", f"{self.number}{place}", amount)] if kind != "cme" else None
        before = self.held
        answer = self.api.report(
            a_completion(completed_on=f"2021-12-0{day}", credits=amount if kind != "moc" else None, moc=moc, **named)
        )
        assert answer.status in (200, 201, 422), answer.json
        self.expected += self.held - before
        if answer.status == 422:
            assert self.held == before

    def merge(self, one: int, into: int) -> None:
        who, other = self.ids[one % len(self.ids)], self.ids[into % len(self.ids)]
        plan = transact(operator(self.service), merging.merge, who, other, set(Overruled))
        lost = [one.credit_id for one in plan.document.superseded if one.reason is MergeReason.ALREADY_REPORTED]
        self.expected -= self._quarters(lost)

    def unmerge(self, one: int) -> None:
        document = self._document(self.ids[one % len(self.ids)])
        undone = transact(operator(self.service), merging.unmerge, self.ids[one % len(self.ids)])
        lost = {one["credit_id"] for one in document if one["reason"] == MergeReason.ALREADY_REPORTED}
        self.expected += self._quarters(lost - {one.credit_id for one in undone.not_restored})

    def _document(self, physician_id: str) -> Sequence[Any]:
        from app.store.registry import merges

        merged = self.service.database.read(lambda connection: merges.standing(connection, physician_id))
        lost = merged.document.superseded if merged is not None else ()
        return [{"credit_id": one.credit_id, "reason": one.reason} for one in lost]

    def _quarters(self, credit_ids: Any) -> int:
        sums = [self._read("SELECT quarters FROM credits WHERE credit_id = :id", id=id)[0] for id in credit_ids]
        return sum(map(int, sums))

    def split(self, one: int, mask: int) -> None:
        physician_id = self.ids[one % len(self.ids)]

        def look(connection: Any) -> Any:
            root = physicians.roots_of(connection, [physician_id])[physician_id]
            return physicians.load(connection, [root])[root], physicians.completion_ids_of(connection, root)

        who, completions = self.service.database.read(look)
        goes = {id for place, id in enumerate(completions) if mask >> place & 1}
        result = transact(
            operator(self.service),
            splitting.split,
            physician_id,
            Split(
                shown=FiledName(first_name="Dot", last_name=self.last_name),
                licenses=tuple(number.key for number in who.licenses[mask % 2 :]),
                certifications=tuple(number.key for number in who.certifications[mask % 3 :]),
                goes=frozenset(goes),
                stays=frozenset(set(completions) - goes),
            ),
        )
        self.ids.append(result.leaves.physician_id)

    def accept(self, place: int) -> None:
        pending = self._read(
            "SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
            "WHERE x.status = 'pending' AND x.delivery = 'board' AND c.last_name = :name ORDER BY 1",
            name=self.last_name,
        )
        if pending:
            decide(self.service, pending[place % len(pending)], "accepted")


@examples(15)
@given(st.lists(steps, min_size=4, max_size=14))
def test_every_credit_is_held_once_whatever_is_merged_parted_and_split(
    api: Api, service: Service, sequence: list[tuple[Any, ...]]
) -> None:
    world = World(api, service)
    for name, *values in sequence:
        with suppress(Conflict, InvalidRequest):
            getattr(world, name)(*values)
        assert world.held == world.expected, name
    settle(service)
    assert replayed(service) == live(service)
