"""The bench's own instruments: what they send, what they count, and what they leave out."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.schemas.completions import REBECCA
from app.schemas.validations import EXAMPLE
from benchmarks.floors import frameworks, recorded_reports
from benchmarks.probes import load, pgbench
from benchmarks.probes.load import Load, gets, posts


def a_load(per_second: float, status: str = "200") -> Load:
    return Load(per_second=per_second, p50=1, p99=2, statuses={status: 1})


def test_a_request_is_sent_by_its_own_method_and_path_with_its_own_body():
    (post,) = posts("/reports", [b'{"a": "b c"}'])
    (get,) = gets(["/reports/1"])
    assert load.as_sent(post, "Bearer k").endswith(b'Content-Length: 12\r\n\r\n{"a": "b c"}')
    assert load.as_sent(post, "Bearer k").startswith(b"POST /reports HTTP/1.1\r\n")
    assert load.as_sent(get, "Bearer k") == (
        b"GET /reports/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n\r\n"
    )


def test_every_round_begins_with_another_load_and_the_median_counts():
    order = []
    rates = iter([1.0, 100.0, 200.0, 2.0, 3.0, 300.0])

    def named(name: str) -> Load:
        order.append(name)
        return a_load(next(rates))

    measured = load.alternately(3, {"ours": lambda: named("ours"), "floor": lambda: named("floor")})
    assert order == ["ours", "floor", "floor", "ours", "ours", "floor"]
    assert (measured["ours"].per_second, measured["floor"].per_second) == (2.0, 200.0)


def test_a_load_with_a_refused_request_is_not_measured():
    with pytest.raises(AssertionError, match="422"):
        load.alternately(1, {"ours": lambda: a_load(1, "422")})


@pytest.mark.parametrize("build", [frameworks.fastapi, frameworks.starlette])
def test_the_plain_applications_read_and_answer_with_the_services_models(build):
    client = TestClient(build())
    assert client.post(frameworks.PATH, json=REBECCA).status_code == 201
    shown = client.get(f"{frameworks.PATH}/{'7' * 36}").json()
    assert shown["completion_id"] == "7" * 36
    page = client.get(frameworks.PATH).json()["data"]
    assert len(page) == frameworks.ROWS and page[0].keys() == shown.keys()
    assert client.post(frameworks.VALIDATIONS, json=EXAMPLE).json()["result"] == "one"


def test_of_pgbench_only_what_all_clients_did_at_once_is_counted():
    def line(client: int, end: float) -> str:
        return f"{client} 0 900 0 {int(end)} {round(end % 1 * 1_000_000)}"

    first = [line(0, end) for end in (1.0, 2.0, 2.5, 3.0, 3.5, 4.0)]
    slower = [line(1, end) for end in (1.5, 2.0, 3.0, 4.0, 5.0, 6.0)]
    # Both are warm at 2.0, and the first has finished at 4.0: four ends of the one lie between, and two of the other.
    assert pgbench.steady_rate([*first, *slower], 6) == pytest.approx(6 / 2.0)


def test_a_script_has_values_that_never_differ_in_place_and_the_others_as_variables():
    columns: dict[tuple[str, ...], str] = {}
    terms = [
        recorded_reports.term(columns, values)
        for values in ([1, 1], ["it's", "it's"], [None, None], ["a", "b"], ["b", "a"], ["a", "b"], ["x:y", "x:y"])
    ]
    assert terms == ["1", "'it''s'", "NULL", ":v0", ":v1", ":v0", ":v2"]
    assert list(columns) == [("a", "b"), ("b", "a"), ("x:y", "x:y")]
