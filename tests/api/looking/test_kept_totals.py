"""Whatever is reported, decided, corrected, withdrawn, merged, split or erased: kept totals are those of the rows."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Conflict, InvalidRequest, NotFound, OperatorFault
from app.services.access import erasure
from app.services.context import Service
from app.store.invariants import INVARIANTS
from tests.api.registry.test_merge_property import FIRST_NAMES, STATES, World
from tests.builders.bodies import GRAND_ROUNDS, a_completion, points
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.properties import examples

TOTALS = [query for says, query in INVARIANTS.items() if says.startswith("an activity's totals")]

steps = st.one_of(
    st.tuples(st.just("report"), st.integers(0, 2), st.sampled_from(("cme", "moc", "both")), st.integers(1, 2),
              st.integers(1, 2)),
    st.tuples(st.just("report"), st.integers(0, 2), st.sampled_from(("cme", "moc", "both")), st.integers(1, 3),
              st.integers(1, 2)),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("unmerge"), st.integers(0, 5)),
    st.tuples(st.just("split"), st.integers(0, 5), st.integers(0, 255)),
    st.tuples(st.just("decide"), st.integers(0, 20), st.sampled_from(("accepted", "rejected"))),
    st.tuples(st.just("withdraw"), st.integers(0, 20)),
    st.tuples(st.just("correct"), st.integers(0, 20), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("move"), st.integers(0, 20)),
    st.tuples(st.just("withdraw_all")),
    st.tuples(st.just("erase"), st.integers(0, 5)),
    st.tuples(st.just("seal")),
)  # fmt: skip


class Office(World):
    """The three people of the property of merges, and more that can happen to what is credited to them."""

    def __init__(self, api: Api, service: Service) -> None:
        super().__init__(api, service)
        self.other = api.register(format="regularly-scheduled-series", ama_pra_credits=50).json["activity_id"]

    def _pick(self, place: int) -> str | None:
        found = self._read(
            "SELECT completion_id FROM completions WHERE last_name = :name AND withdrawn_at IS NULL ORDER BY 1",
            name=self.last_name,
        )
        return found[place % len(found)] if found else None

    def decide(self, place: int, status: str) -> None:
        found = self._read(
            "SELECT x.credit_id FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
            "WHERE x.holds AND x.delivery = 'board' AND c.last_name = :name ORDER BY 1",
            name=self.last_name,
        )
        if found:
            with suppress(AssertionError):
                decide(self.service, found[place % len(found)], status)

    def withdraw(self, place: int) -> None:
        if (picked := self._pick(place)) is not None:
            assert self.api.delete(f"/v1/learner-completions/{picked}").status == 204

    def _body(self, activity_id: str, who: int, day: int) -> dict[str, Any]:
        number = f"{self.number}{who}"
        return a_completion(
            activity_id, f"2021-12-0{day}", credits=1, moc=[points("ABA", number, 1)] if day == 1 else None,
            first_name=FIRST_NAMES[who], last_name=self.last_name, born="05/06", state=STATES[who], license_id=number,
        )  # fmt: skip

    def correct(self, place: int, who: int, day: int, activity_id: str = GRAND_ROUNDS) -> None:
        if (picked := self._pick(place)) is not None:
            shown = self.api.get(f"/v1/learner-completions/{picked}")
            answer = self.api.send(
                "PUT", f"/v1/learner-completions/{picked}", json=self._body(activity_id, who, day),
                headers={"If-Match": shown.response.headers["ETag"]},
            )  # fmt: skip
            assert answer.status in (200, 409, 422), answer.json

    def move(self, place: int) -> None:
        self.correct(place, place % 3, place % 3 + 1, self.other)

    def withdraw_all(self) -> None:
        assert self.api.post(f"/v1/activities/{self.other}/withdraw-learners", None).status == 200

    def split(self, one: int, mask: int) -> None:
        # Of somebody erased the test finds nothing to split.
        with suppress(KeyError):
            super().split(one, mask)

    def erase(self, one: int) -> None:
        erasure.erase(self.service, self.ids[one % len(self.ids)], unread=True)

    def seal(self) -> None:
        settle(self.service)

    def broken(self) -> list[str]:
        return [id for query in TOTALS for id in self._read(query)]


@examples(25)
@given(st.lists(steps, min_size=4, max_size=16))
def test_totals_are_those_of_the_rows_after_every_step(
    api: Api, service: Service, sequence: list[tuple[Any, ...]]
) -> None:
    office = Office(api, service)
    for name, *values in sequence:
        with suppress(Conflict, InvalidRequest, NotFound, OperatorFault):
            getattr(office, name)(*values)
        assert office.broken() == [], name
    settle(service)
    assert office.broken() == []
