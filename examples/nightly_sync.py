"""The nightly sync of an LMS: send what changed since last night, then read what has become of it.

    PARS=http://127.0.0.1:8000 PARS_API_KEY=… python examples/nightly_sync.py STATE < changed.ndjson > news.ndjson

Each line of the input is a record as the LMS has it now: the body of a report, with the LMS's own key in
`client_reference`, and `"cancelled": true` where it is no longer valid. Each line of the output is a completion that
was reported, changed or decided since the last run; STATE is a small file that remembers how far that was read.
Refused records are explained on standard error, and the exit code is then 1. A night that broke off is run again with
the same input: nothing is doubled. A vendor names its provider in `PARS_PROVIDER`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

COMPLETIONS = "/v1/learner-completions"
LATER = {429, 500, 502, 503, 504}


def main(state: Path) -> int:
    """Send the records of standard input, print what is new, and return the exit code."""
    headers = {"Authorization": f"Bearer {os.environ['PARS_API_KEY']}"}
    if provider := os.environ.get("PARS_PROVIDER"):
        headers["PARS-Provider"] = provider
    with httpx.Client(base_url=os.environ["PARS"], headers=headers, timeout=30) as api:
        refused = sum(not send(api, json.loads(line)) for line in sys.stdin if line.strip())
        cursor = state.read_text(encoding="utf-8") if state.exists() else ""
        while (page := call(api, "GET", "/v1/events", params={"after": cursor} if cursor else {}).json())["data"]:
            for completion_id in dict.fromkeys(event["data"].get("completion_id") for event in page["data"]):
                found = call(api, "GET", f"{COMPLETIONS}/{completion_id}") if completion_id else None
                if found is not None and found.status_code == 200:
                    print(found.text, flush=True)
            cursor = page["next_cursor"]
            # After the output: a run that breaks off here writes these lines again, and loses none.
            state.write_text(cursor, encoding="utf-8")
    return 1 if refused else 0


def send(api: httpx.Client, record: dict[str, Any]) -> bool:
    """Create the record, correct it, or withdraw it; tell what is wrong with it, and return whether it was taken."""
    reference = record["client_reference"]
    if record.pop("cancelled", False):
        standing = call(api, "GET", COMPLETIONS, params={"client_reference": reference}).json()["data"]
        answers = [call(api, "DELETE", f"{COMPLETIONS}/{found['completion_id']}") for found in standing]
        return all(answer.status_code in (204, 404) for answer in answers)
    answer = call(api, "PUT", f"{COMPLETIONS}/by-reference/{quote(reference, safe='')}", json=record)
    if answer.is_success:
        return True
    problem = answer.json()
    for error in problem.get("errors") or [problem]:
        place = error.get("pointer", "")
        print(f"{reference}: {place} {error['detail']} {error.get('hint') or ''}".rstrip(), file=sys.stderr)
    return False


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
        time.sleep(float(answer.headers.get("Retry-After", wait)) if answer is not None else wait)
    raise SystemExit("The service does not answer. Run this night again later: nothing will be doubled.")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
