"""The nightly sync of an LMS: send what changed since last night, then read what has become of it.

    PARS=http://127.0.0.1:8000 PARS_API_KEY=… python examples/nightly_sync.py STATE < changed.ndjson > news.ndjson

Each line of the input is a record as the LMS has it now: the body of a report, with the LMS's own key in
`client_reference`, and `"cancelled": true` where it is no longer valid. Each line of the output is a completion that
was reported, changed or decided since the last run; STATE is a small file that remembers how far that was read.
Refused records are explained on standard error, and the exit code is then 1. A night that broke off is run again with
the same input: nothing is doubled. A vendor names its provider in `PARS_PROVIDER`. What is wrong with the key, the
provider or the state ends the night at once, with a sentence: nothing is passed over.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

COMPLETIONS = "/v1/learner-completions"
LATER = {429, 500, 502, 503, 504}
OF_RECORD = {409, 413, 422}
"""Statuses that are about one record; the others are about the key or the provider, and so about all records."""


def main(state: Path) -> int:
    """Send the records of standard input, print what is new, and return the exit code."""
    headers = {"Authorization": f"Bearer {os.environ['PARS_API_KEY']}"}
    if provider := os.environ.get("PARS_PROVIDER"):
        headers["PARS-Provider"] = provider
    with httpx.Client(base_url=os.environ["PARS"], headers=headers, timeout=30) as api:
        refused = sum(not send(api, json.loads(line)) for line in sys.stdin if line.strip())
        cursor = state.read_text(encoding="utf-8") if state.exists() else ""
        while (page := read(api, "/v1/events", **({"after": cursor} if cursor else {})))["data"]:
            for completion_id in dict.fromkeys(event["data"].get("completion_id") for event in page["data"]):
                found = call(api, "GET", f"{COMPLETIONS}/{completion_id}") if completion_id else None
                # A completion that was withdrawn is found no longer. For any other reason, none is passed over.
                if found is not None and found.status_code != 404:
                    print(taken(found).text, flush=True)
            cursor = page["next_cursor"]
            # After the output: a run that breaks off here writes these lines again, and loses none.
            state.write_text(cursor, encoding="utf-8")
    return 1 if refused else 0


def send(api: httpx.Client, record: dict[str, Any]) -> bool:
    """Create the record, correct it, or withdraw it; tell what is wrong with it, and return whether it was taken."""
    reference = record.get("client_reference")
    if not reference:
        print("A record has no client_reference, without which it could be doubled; it was not sent.", file=sys.stderr)
        return False
    if record.pop("cancelled", False):
        standing = read(api, COMPLETIONS, client_reference=reference)["data"]
        answers = [call(api, "DELETE", f"{COMPLETIONS}/{found['completion_id']}") for found in standing]
        return all(answer.status_code == 404 or taken(answer) for answer in answers)
    answer = call(api, "PUT", f"{COMPLETIONS}/by-reference/{quote(reference, safe='')}", json=record)
    if answer.is_success:
        return True
    if answer.status_code not in OF_RECORD:
        taken(answer)
    for fault in faults(answer):
        print(f"{reference}: {fault}", file=sys.stderr)
    return False


def read(api: httpx.Client, path: str, **parameters: str) -> Any:
    """Return what a path answers, as values of JSON; it ends the night where that is a refusal."""
    return taken(call(api, "GET", path, params=parameters)).json()


def taken(answer: httpx.Response) -> httpx.Response:
    """Return an answer of success; any other ends the night with what it says."""
    if not answer.is_success:
        raise SystemExit("\n".join(faults(answer)))
    return answer


def faults(answer: httpx.Response) -> list[str]:
    """Return what a refusal says: a line for each fault, with its place and what to do."""
    problem = answer.json()
    return [
        f"{error.get('pointer', '')} {error['detail']} {error.get('hint') or ''}".strip()
        for error in problem.get("errors") or [problem]
    ]


def call(api: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """Send a request until its answer arrives, and is one that sending again would not change."""
    for attempt in range(8):
        wait = 0.2 * 2**attempt
        try:
            answer = api.request(method, path, **request)
        except httpx.TransportError:
            # Nobody knows whether it was carried out. Every request here may be sent again.
            answer = None
        if answer is not None and answer.status_code not in LATER:
            return answer
        told = float(answer.headers.get("Retry-After", 0)) if answer is not None else 0
        # Longer each time, and not all that wait at the same moment.
        time.sleep(told + wait * random.uniform(0.5, 1))
    raise SystemExit("The service does not answer. Run this night again later: nothing will be doubled.")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not {"PARS", "PARS_API_KEY"} <= os.environ.keys():
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
