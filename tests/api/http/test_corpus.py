"""The corpus of hostile requests, sent to a real server: each is refused clearly, or taken for what it is.

`tests/corpus/README.md` tells how an item is written. All of a kind are sent to one installation, and everything that
is wrong is listed at once.
"""

from __future__ import annotations

import gc
import hashlib
import resource
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from app.models import tables
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, an_activity, points
from tests.builders.people import import_people
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.contract import committed
from tests.harness.corpus import BOUNDARY, Item, Speaker, corpus, written
from tests.harness.raw_answers import Reader
from tests.harness.refusals import a_stranger, faults_of
from tests.harness.uploads import upload
from tests.harness.wire import Wire

PROBE = b"GET /livez HTTP/1.1\r\nHost: pars.example\r\nConnection: close\r\n\r\n"
"""Sent behind every item that leaves the connection open: whatever of it is left would spoil this."""
BEFORE_ROUTING = {414, 431}
"""What the protocol refuses belongs to no operation, so none describes it."""
MOST_SAID = 50_000
"""Bytes of a refusal, however much was wrong."""
LEVEL = 24_000_000
"""Bytes within which memory is the same as before."""
LARGE = 500_000
"""Bytes of a large item."""
MAY_CHANGE = {"identity_tries"}
"""Tables in which a refused request may leave something: a birth date that led to nobody is counted."""


@pytest.fixture
def speaker(api: Api, service: Service) -> Speaker:
    """The words in which items are said, after an installation that has one of everything."""
    operator = api_of(api.http, service, "operator", role="operator")
    board = api_of(api.http, service, "board", role="board", board="ABA")
    completion = api.report(a_completion()).json
    batch = upload(api, tab_text([row()]), name="rows.txt").json
    webhook = {"url": "https://hooks.example.org/pars"}
    ids = {
        "client": api.client_id,
        "completion": completion["completion_id"],
        "activity": completion["activity_id"],
        "learner": completion["learner"]["learner_id"],
        "batch": batch["batch_id"],
        "endpoint": api.post("/v1/webhook-endpoints", webhook).json["endpoint_id"],
        "physician": operator.get("/v1/physicians", limit=1).json["data"][0]["physician_id"],
    }
    ids |= cursors(api) | {"pair": a_pair(service, operator)}
    pieces = {name: str(value).encode() for name, value in ids.items()} | parts_of_forms()
    return Speaker(pieces, good_bodies(), {"provider": api.key, "operator": operator.key, "board": board.key})


def a_pair(service: Service, operator: Api) -> str:
    """Import somebody beside somebody else whom they seem to be; return the pair's id."""
    for first_name in ("Alma", "Almira"):
        person = {"first_name": first_name, "last_name": "Pairwell", "date_of_birth": "02/11"}
        assert import_people(service, person | {"licenses": "TN-M:880001"}).refused == []
    return str(operator.get("/v1/physician-pairs").json["data"][0]["pair_id"])


def cursors(api: Api) -> dict[str, str]:
    """Return a true cursor of completions, and what is hardly one."""
    api.report(a_completion(completed_on="2021-12-11"))
    true = api.get("/v1/learner-completions", limit=1).json["next_cursor"]
    other = "A" if true[20] != "A" else "B"
    return {"cursor": true, "tampered": f"{true[:20]}{other}{true[21:]}", "cut-cursor": true[:-6]}


def parts_of_forms() -> dict[str, bytes]:
    """Return good parts of an upload by name, and the line that ends a form."""

    def part(name: str, content: bytes, more: str = "") -> bytes:
        head = f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        return b"--" + BOUNDARY + b"\r\n" + head.encode() + content + b"\r\n"

    return {
        "kind": part("kind", b"learner-completions"),
        "permitted": part("permission_attested", b"true"),
        "file": part("file", tab_text([row(First_Name="Nobody")]), '; filename="learners.txt"'),
        "row": tab_text([row(First_Name="Nobody")]),
        "part": b"--" + BOUNDARY + b"\r\n",
        "end": b"--" + BOUNDARY + b"--\r\n",
    }


def good_bodies() -> dict[str, Any]:
    """Return bodies that use every level of their schema, by the names that items give them."""
    stranger = a_stranger(moc=[points()], rems={"local_id": "x"}, occasion=1)
    stranger["cme"][0]["special_credits"] = [{"type": "Controlled Substance", "credits": 1}]
    person = {"first_name": "Zaphodia", "last_name": "Beeblebroxen", "date_of_birth": "09/27"}
    return {
        "stranger": stranger,
        "rebecca": a_completion(),
        "course": an_activity(),
        "activity-body": an_activity(
            location={"city": "Portland"},
            moc=[{"board": "ABA", "points": 5, "credit_types": ["Lifelong Learning"]}],
            rems={"type": "x"},
            measured_outcomes=[{"outcome": "learner-knowledge"}],
            commercial_support=[{"source": "x", "amount": 1}],
            learner_counts={"physicians": 1},
            joint_accreditation={"pharmacy": {"credits": 1}},
        ),
        "asked": person | {"state": "TN", "license_id": "ZQ98765431", "board": "ABA", "board_id": "1",
                           "npi": "1234567893", "medical_school": "Nowhere"},
        "person": person | {"npi": "1234567893", "licenses": [{"board": "TN-M", "license_id": "ZQ98765431"}],
                            "certifications": [{"board": "ABA", "board_id": "1"}],
                            "other_names": [{"first_name": "Z", "last_name": "Beeblebroxen"}]},
        "search": person | {"license": {"board": "TN-M", "license_id": "ZQ98765431"}},
        "decisions": {"decisions": [{"credit_id": "x", "position": 1, "decision": "accepted"}]},
        "webhook": {"url": "https://hooks.example.org/pars", "event_types": ["batch.completed"]},
    }  # fmt: skip


def answers_to(wire: Wire, sent: bytes, item: Item) -> list[Response]:
    """Send an item on a connection of its own, and a probe behind it; return every answer but the probe's."""
    got: list[Response] = []
    with wire.connect() as connection:
        reader = Reader(connection)
        try:
            connection.sendall(sent)
            if item.cut:
                connection.shutdown(1)
        except ConnectionError:
            pass  # what the other side has refused it may close while this side is still sending
        for _ in range(item.answers):
            answer = reader.next(item.method)
            if answer is None:
                return got
            got.append(answer)
        try:
            connection.sendall(PROBE)
        except OSError:
            pass
        while (answer := reader.next()) is not None:
            got.append(answer)
    if got[-1].text == LIVE and len(got) == item.answers + 1:
        return got[:-1]
    return got


LIVE = "ok\n"


def faults_in(item: Item, answers: list[Response]) -> Iterator[str]:
    """Yield everything that is wrong with what came back."""
    if not answers:
        yield from [] if 0 in item.status else ["no answer"]
        return
    if len(answers) != item.answers:
        yield f"{len(answers)} answers: {[answer.status_code for answer in answers]}"
        return
    answer = Answer(answers[-1])
    if item.method != "HEAD":
        path = item.request.partition(" ")[2].partition("?")[0]
        if path and answer.status not in BEFORE_ROUTING:
            yield from committed().faults(
                item.method, path, answer.status, answer.response.headers, answer.response.content
            )
    if answer.status < 400:
        yield from [] if answer.status in item.status else [f"status {answer.status} instead of {item.status}"]
    elif item.method == "HEAD":
        yield from [] if answer.status in item.status else [f"status {answer.status} instead of {item.status}"]
        return
    elif item.error:
        yield from faults_of_token(item, answer)
    else:
        yield from faults_of(answer, item.status, *item.code, items=[item.fault] if item.fault else ())
        yield from misplaced(item, answer.json)
    if answer.status >= 400 and len(answer.response.content) > MOST_SAID:
        yield f"a refusal of {len(answer.response.content)} bytes"
    if item.says not in answer.response.text:
        yield f"does not say {item.says!r}: {answer.response.text[:300]}"


def faults_of_token(item: Item, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with a refusal in the shape of RFC 6749, section 5.2."""
    if answer.status not in item.status:
        yield f"status {answer.status} instead of {item.status}: {answer.response.text[:200]}"
    elif answer.response.headers["content-type"] != "application/json":
        yield f"content type {answer.response.headers['content-type']}"
    elif answer.json["error"] != item.error or not answer.json["error_description"]:
        yield f"error {answer.json}"
    if "no-store" not in answer.response.headers.get("cache-control", ""):
        yield "it may be kept in a cache"


def misplaced(item: Item, problem: Any) -> Iterator[str]:
    """Yield where the problem does not name the place that the item does."""
    for kind in ("pointer", "parameter", "header"):
        expected = getattr(item, kind)
        found = {error.get(kind) for error in problem.get("errors", ())}
        if expected is not None and found != {expected}:
            yield f"{kind} {sorted(map(str, found))} instead of {expected}: {problem.get('errors')}"


def play(wire: Wire, speaker: Speaker, items: Iterable[Item]) -> dict[str, list[str]]:
    """Send items one after another; return what is wrong with each, by its id."""
    wrong = {}
    for item in items:
        sent = speaker.sent(item)
        try:
            answers = answers_to(wire, sent, item)
            if not answers and len(sent) > LARGE:
                # Refused while it was still sent, by somebody kept from sending for longer than the server lingers.
                answers = answers_to(wire, sent, item)
            found = list(faults_in(item, answers))
        except (AssertionError, TimeoutError, ValueError, KeyError) as fault:
            found = [f"{type(fault).__name__} {fault}"]
        if found:
            wrong[item.id] = found
    return wrong


def contents(service: Service) -> dict[str, tuple[int, str]]:
    """Return the number of rows of every table, and a digest of them."""

    def read(connection: Any) -> dict[str, tuple[int, str]]:
        found = {}
        for table in tables.metadata.tables:
            rows = sorted(repr(tuple(stored)) for stored in statements.fetch(connection, f"SELECT * FROM {table}"))
            found[table] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
        return found

    return service.database.read(read)


def report(wrong: dict[str, list[str]]) -> str:
    return f"{len(wrong)} items\n" + "\n".join(f"{name}: {'; '.join(found)[:600]}" for name, found in wrong.items())


def test_every_refusal_of_the_corpus_is_clear_and_leaves_nothing(
    wire: Wire, api: Api, service: Service, speaker: Speaker
) -> None:
    before = contents(service)
    wrong = play(wire, speaker, [item for item in corpus() if item.refused])
    assert not wrong, report(wrong)
    after = contents(service)
    assert [name for name in after if after[name] != before[name] and name not in MAY_CHANGE] == []
    assert api.report(a_completion(completed_on="2021-12-13")).status == 201
    settle(service)
    assert grown(wire, speaker) < LEVEL


def test_what_is_odd_and_valid_is_taken_for_what_it_is(
    wire: Wire, api: Api, service: Service, speaker: Speaker
) -> None:
    wrong = play(wire, speaker, [item for item in corpus() if not item.refused])
    assert not wrong, report(wrong)
    settle(service)


def grown(wire: Wire, speaker: Speaker) -> int:
    """Return by how many bytes memory grows while the largest items are sent once more."""
    largest = [item for item in corpus() if item.refused and len(speaker.sent(item)) > LARGE]
    # Were their bodies or heads kept anywhere, it would show.
    assert sum(len(speaker.sent(item)) for item in largest) > 2 * LEVEL
    gc.collect()
    before = resident()
    assert not play(wire, speaker, largest)
    gc.collect()
    return resident() - before


def resident() -> int:
    """Return the bytes of memory that this process, which is the server too, holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize()


def test_the_corpus_has_four_hundred_items_that_say_what_they_are() -> None:
    items = corpus()
    assert len(written(items)) >= 400
    assert [item.id for item in items if not item.what or any(code and code < 200 for code in item.status)] == []
    assert [item.id for item in items if item.status[0] >= 500] == []
