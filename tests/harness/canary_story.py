"""The canary goes through every door, as it should and as it should not; what the doors say is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from lxml import html

from tests.builders.bodies import john
from tests.builders.sent_files import ROW, lines, tab_text, workbook
from tests.harness.api import Answer, Api
from tests.harness.canary import BOARD_ID, DAY, FIRST, FORMER, LAST, LICENSE, MONTH, NPI, SCHOOL, her_report

COMPLETIONS = "/v1/learner-completions"
PERSON = {
    "first_name": FIRST, "last_name": LAST, "date_of_birth": f"{MONTH}/{DAY}", "npi": NPI, "state": "TN",
    "license_id": LICENSE, "board": "ABA", "board_id": BOARD_ID, "medical_school": SCHOOL,
}  # fmt: skip
HER_ROW = ROW | {
    "First Name": FIRST, "Last Name": LAST, "Date of Birth": f"{MONTH}/{DAY}", "Licensing ID": LICENSE,
    "Certifying Board ID": BOARD_ID,
}  # fmt: skip


def spoiled_reports() -> Iterator[Any]:
    """Reports of hers that are refused, each for another reason.

    No member is named after her: a pointer has to name the member that it points to.
    """
    yield her_report(activity_id="000000000")
    yield her_report(completed_on=f"{MONTH}/{DAY}/{LAST}")
    yield her_report(born=f"{LAST}")
    yield her_report(born=f"{DAY}/{MONTH}")
    yield her_report(license_id=LICENSE * 40)
    yield her_report(credits=0.3)
    yield her_report(credits=LAST)
    yield her_report(state=LAST, license_id=LAST)
    yield her_report(first_name="Ottoline", born="01/02", license_id="1")
    yield her_report(permission=False)
    yield {**her_report(), "learner": [PERSON]}
    yield {**her_report(), "learner": {**PERSON, "nickname": LAST}}
    yield {**her_report(), "cme": {"state": LAST}}
    yield {**her_report(), "moc": [{"board": LAST, "board_id": BOARD_ID, "total_credits": LICENSE}]}
    yield {**her_report(), "learner": {"learner_id": LAST}}
    yield [her_report()]
    yield f"{LAST}\x00"


def raw_bodies() -> Iterator[bytes]:
    """Bodies that are no JSON, cut off or doubled in the middle of her data."""
    whole = json.dumps(her_report())
    yield whole[: whole.index(LAST) + 8].encode()
    yield whole.replace('"last_name"', f'"last_name": "{LAST}", "last_name"').encode()
    yield whole.replace(LAST, f"{LAST}\\ud800").encode()
    yield whole.replace(FIRST, f"{FIRST}\x01").encode()
    yield whole.encode("utf-16")
    yield whole.replace('"credits": 2', '"credits": 2' + "0" * 400).encode()


def files() -> Iterator[tuple[str, str, bytes]]:
    """Files good and bad that hold her: (kind, name, content)."""
    completions = "learner-completions"
    yield completions, "a.ndjson", lines([her_report(completed_on="2021-12-02"), *list(spoiled_reports())[:12], john()])
    yield completions, "a.txt", tab_text([HER_ROW, HER_ROW | {"Date of Birth": LAST}, HER_ROW | {"Licensing ID": LAST}])
    yield completions, "a.xlsx", workbook([HER_ROW])
    yield completions, "b.xlsx", workbook([HER_ROW])[:900]
    yield completions, "b.txt", tab_text([{LAST: LAST, NPI: NPI}], [LAST, NPI])
    yield completions, "b.xml", f"<{LAST}><Learner>{FIRST} {LICENSE}</{LAST}>".encode()
    yield completions, "c.xml", f'<!DOCTYPE a [<!ENTITY b "{LAST}">]><a>&b;</a>'.encode()
    yield completions, "c.ndjson", f'{{"learner": {{"last_name": "{LAST}'.encode()
    yield (
        "learner-validations",
        "d.ndjson",
        lines([PERSON, PERSON | {"date_of_birth": LAST}, {**PERSON, "nickname": LAST}]),
    )
    yield "activities", "e.ndjson", lines([her_report()])


Keep = Callable[[Answer], Answer]


def tell(api: Api, overseer: Api, board: Api, settle: Callable[[], None]) -> list[Answer]:
    """Send her through every door; return the answers."""
    said: list[Answer] = []

    def keep(answer: Answer) -> Answer:
        said.append(answer)
        return answer

    _in_the_registry(keep, overseer)
    made = keep(api.report(her_report(), Idempotency_Key="canary"))
    keep(api.report(her_report(credits=1), Idempotency_Key="canary"))
    _in_reports(keep, api, f"{COMPLETIONS}/{made.json['completion_id']}")
    _in_held_records(keep, api, overseer)
    _in_questions(keep, api)
    for kind, name, content in files():
        _in_a_file(keep, api, settle, kind, name, content)
    row = {"first_name": FIRST, "last_name": LAST, "board_id": BOARD_ID, "date_of_birth": f"{MONTH}/{DAY}"}
    roster = lines([row | {"email": f"{LAST}@{FIRST}.example"}])
    keep(board.send("POST", "/v1/batches", files={"file": ("r.ndjson", roster)}, data={"kind": "roster"}))
    looked_up = lines(
        [{"first_name": FIRST, "last_name": LAST, "board_id": BOARD_ID}, {"first_name": LAST, "npi": NPI}]
    )
    sent = {"files": {"file": ("l.ndjson", looked_up)}, "data": {"kind": "transcripts", "completed_from": LAST}}
    keep(board.send("POST", "/v1/batches", **sent))
    listed = keep(board.send("POST", "/v1/batches", **sent | {"data": {"kind": "transcripts"}}))
    settle()
    for rest in ("", "/rows"):
        keep(board.get(f"/v1/batches/{listed.json['batch_id']}{rest}"))
    keep(board.get("/v1/board-feed"))
    keep(board.post("/v1/board-feed/decisions", {"decisions": [{"credit_id": LAST, "position": 1, "decision": LAST}]}))
    keep(overseer.get("/v1/audit", limit=500))
    keep(overseer.get("/v1/audit", subject_id=LAST))
    keep(overseer.get(f"/v1/match-explanations/{made.json['completion_id']}"))
    keep(api.get("/v1/events"))
    return said


def _in_the_registry(keep: Keep, overseer: Api) -> None:
    keep(overseer.post("/v1/physicians", {"first_name": FIRST, "last_name": LAST, "npi": NPI[:-1]}))
    keep(overseer.post("/v1/physicians", {"last_name": LAST, "licenses": [LICENSE], "nickname": LAST}))
    keep(overseer.post("/v1/physicians:search", {"last_name": LAST, "npi": NPI, "date_of_birth": LAST}))
    search = keep(overseer.post("/v1/physicians:search", {"last_name": LAST}))
    physician = search.json["data"][0]["physician_id"]
    keep(overseer.send("PATCH", f"/v1/physicians/{physician}", json={"npi": LAST}, headers={"If-Match": '"1"'}))
    keep(overseer.post(f"/v1/physicians/{physician}/merge", {"into": LAST}))
    keep(overseer.post(f"/v1/physicians/{physician}/split", {"name": {"last_name": FORMER}, "goes": LAST}))


def _in_reports(keep: Keep, api: Api, path: str) -> None:
    for spoiled in spoiled_reports():
        keep(api.report(spoiled))
        keep(api.post(f"{COMPLETIONS}:preview", spoiled))
        keep(api.post(f"{COMPLETIONS}:bulk", {"items": [spoiled]}))
        keep(api.send("PUT", path, json=spoiled, headers={"If-Match": '"1"'}))
        keep(api.send("PUT", f"{COMPLETIONS}/by-reference/hers", json=spoiled))
        keep(api.send("POST", COMPLETIONS, params={"on_unmatched": "hold"}, json=spoiled))
        keep(api.post("/v1/learner-validations", spoiled))
    for content in raw_bodies():
        for door in (COMPLETIONS, f"{COMPLETIONS}:bulk", "/v1/learner-validations"):
            keep(api.send("POST", door, content=content, headers={"Content-Type": "application/json"}))


def _in_held_records(keep: Keep, api: Api, overseer: Api) -> None:
    other = her_report(first_name="Ottoline", last_name="Fairweather")
    held = keep(api.send("POST", COMPLETIONS, params={"on_unmatched": "hold"}, json=other))
    if held.status == 202:
        path = f"/v1/held-records/{held.json['held_id']}"
        keep(api.get(path))
        keep(api.post(f"{path}/ask", {"message": f"Is {FIRST} {LAST} with NPI {NPI} on file?"}))
        keep(api.post(f"{path}/judge", None))
        keep(overseer.get("/v1/help-requests"))


def _in_questions(keep: Keep, api: Api) -> None:
    for name, value in (("q", LAST), ("last_name", LAST), ("learner_board_id", LICENSE), ("date_of_birth", LAST)):
        keep(api.get(COMPLETIONS, limit=1, **{name: value}))
    keep(api.get(f"{COMPLETIONS}/{LAST}"))
    keep(api.get(f"/v1/{LAST}/{NPI}"))
    keep(api.post("/v1/learner-validations", PERSON))


def _in_a_file(keep: Keep, api: Api, settle: Callable[[], None], kind: str, name: str, content: bytes) -> None:
    form = {"kind": kind, "permission_attested": "true"}
    if kind == "learner-completions":
        form["on_unmatched"] = "hold"
    sent = keep(api.send("POST", "/v1/batches", files={"file": (name, content)}, data=form))
    settle()
    if sent.status == 202:
        path = f"/v1/batches/{sent.json['batch_id']}"
        keep(api.get(path))
        keep(api.get(f"{path}/rows"))
        keep(api.post(f"{path}/retry", None))
        settle()
        for which in ("original", "rejected", "successful", "held"):
            keep(api.get(f"{path}/files/{which}"))


PAGES = ("/p/", "/operator", "/b/", "/sign-in", "/passport", "/s/", "/verify", "/account")
"""How the addresses of pages begin."""
ADDRESSES = "//@href | //@action | //@formaction | //@src | //@hx-get | //@hx-post"
"""What of a page other pages, proxies and logs get to see."""


def must_not_name_her(answer: Answer) -> bool:
    """Whether an answer is one that holds nobody's identity: a refusal, and everything that is no record of hers.

    A page that refuses a form holds it as it was typed.
    """
    path = answer.response.request.url.path
    if path.startswith(PAGES):
        return path == "/operator/audit" or (answer.status >= 400 and answer.status not in (409, 412, 422))
    nameless = ("/v1/audit", "/v1/events", "/v1/match-explanations", "/v1/batches/")
    return answer.status >= 400 or (path.startswith(nameless) and "/files/" not in path)


def what_was_said(answer: Answer) -> str:
    """The body of an answer, if it may not name her; its headers and the addresses of a page, which may never."""
    said = "\n".join(f"{name}: {value}" for name, value in answer.response.headers.items())
    if must_not_name_her(answer):
        return f"{said}\n{answer.response.text}"
    if answer.response.headers.get("content-type", "").startswith("text/html") and answer.response.text.strip():
        said += "\n".join(map(str, html.fromstring(answer.response.text).xpath(ADDRESSES)))
    return said
