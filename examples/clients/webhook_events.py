"""A webhook receiver's reading of events, with classes that openapi-generator writes from `openapi/webhooks.json`.

`make check-clients` generates them, checks the types of this file, and runs it. The signature is another matter:
docs/webhooks.md.
"""

import json

from openapi_client import CompletionReported, CreditDecided

IDS = '"completion_id": "017de0b2", "activity_id": "201759558", "provider_id": "0008001"'
RECEIVED = (
    f'{{"type": "completion.reported", "timestamp": "2021-12-20T15:00:00Z", "data": {{{IDS}}}}}',
    f'{{"type": "credit.decided", "timestamp": "2021-12-21T15:00:00Z", "new": 1, "data": {{{IDS}, "credit_id": "7"}}}}',
)
"""Bodies of requests, once their signatures were verified; the second comes from a later service."""


def main() -> None:
    """Read each event by its type."""
    told = []
    for body in RECEIVED:
        if json.loads(body)["type"] == "completion.reported":
            reported = CompletionReported.from_json(body)
            assert reported is not None
            told.append(reported.data.completion_id)
        else:
            decided = CreditDecided.from_json(body)
            assert decided is not None
            told.append(decided.data.credit_id)
    assert told == ["017de0b2", "7"]
    print("told: webhooks grow")


if __name__ == "__main__":
    main()
