"""The search for learners' data, which is made at the end of each story and of the whole run, finds them."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visitor
from tests.browser.privacy import lines_about_people


@pytest.mark.parametrize(
    "line",
    ["GET http://127.0.0.1/p/0008001/learners?last_name=karacme", "GET /p?born=11%2F24", "GET /p?born=05/25&q=",
     '{"event": "request", "path": "/p/70279062"}', 'pars_matches_total{name="Willa"} 1', "q=Tina+K",
     "GET /s/x?for=van%20gogh", "GET /passport/transcript?license=54916519", "route=/passport/join born=03/30"],
)  # fmt: skip
def test_what_names_somebody_is_found(line: str) -> None:
    assert lines_about_people(f"GET /p/0008001\n{line}\nGET /p/0008001/learners") == [line]


@pytest.mark.parametrize(
    "line",
    ["GET /p/0008001/learners?completed_from=11/24/2021&destination=1", "2021-11-24T02:01:00Z", "sum 12.444444",
     "/p/0008001/completions/44444444-5555-4555-8555-555555555555"],
)  # fmt: skip
def test_days_and_ids_are_no_data_of_people(line: str) -> None:
    assert lines_about_people(line) == []


def test_an_address_with_a_name_is_caught(visitor: Visitor) -> None:
    visitor.open("/p/0008001/learners?last_name=Karacme")
    assert len(visitor.addresses_about_people()) == 1
    visitor.requests.clear()
