"""Values of examples that belong to no one schema: by field name, of parameters, of answers that are not JSON."""

from __future__ import annotations

FIELDS: dict[str, str] = {
    "activity_id": "201759558",
    "provider_id": "0008001",
    "completion_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be401",
    "credit_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be402",
    "batch_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be403",
    "held_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be404",
    "help_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be405",
    "dispute_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be406",
    "physician_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be411",
    "learner_id": "q3vJb0mWc7xZr5tY2kLh9Q",
    "internal_id": "GR-2026",
    "board": "ABA",
    "boards": "ABA",
    "code": "ABA",
    "rule": "credit-quarter",
    "rule_id": "credit-quarter",
    "state": "TN",
    "first_name": "Rebecca",
    "last_name": "Test",
    "date_of_birth": "02/01",
    "license_id": "444444",
    "entry_method": "api",
    "client_reference": "ccid:example.org:abc-1",
    "client_references": "ccid:example.org:abc-1",
    "reference": "ccid:example.org:abc-1",
    "pointer": "/cme/0/credits",
    "detail": "60.3 is not a multiple of 0.25.",
    "hint": "Report credits in steps of 0.25.",
    "rule_url": "/v1/rules/credit-quarter",
    "title": "Grand Rounds Anesthesia",
    "client_id": "c8f2d1e47a90",
    "transcript_id": "4RbQm0yV7c8XhTzUq2sNw5eLkJ3aPd9G",
    "event_id": "evt_019ab0c25d1e7f048a353f6f1c2e9b70",
    "next_cursor": "zXk2",
    "filename": "learners_november.xlsx",
    "seen_before": "017de0b2-4c30-7b5e-9a61-5f0d2c7be402",
    "column": "Number of CME Credits",
    "matched_boards": "TN-M",
    "endpoint_id": "whe_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b71",
    "delivery_id": "whd_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b72",
    "pair_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be411.017de0b2-4c30-7b5e-9a61-5f0d2c7be412",
    "into": "017de0b2-4c30-7b5e-9a61-5f0d2c7be412",
    "merged": "017de0b2-4c30-7b5e-9a61-5f0d2c7be411",
    "aliases": "017de0b2-4c30-7b5e-9a61-5f0d2c7be413",
    "pairs": "017de0b2-4c30-7b5e-9a61-5f0d2c7be412",
    "moved": "017de0b2-4c30-7b5e-9a61-5f0d2c7be401",
    "stands_in": "017de0b2-4c30-7b5e-9a61-5f0d2c7be404",
    "stands": "017de0b2-4c30-7b5e-9a61-5f0d2c7be405",
    "board_id": "35867909",
    "learner_board_id": "444444",
    "middle_name": "Ann",
    "suffix": "Jr",
    "npi": "1000000004",
    "medical_school": "Vanderbilt University School of Medicine",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+oZ1cZ9Zb2E=",
}
"""The value of a text field, by its name, where neither its schema nor the field has an example."""

PARAMETERS = {("/problems/{code}", "code"): "not-found"}
"""Path parameters that differ from the fields of their name, by path and name."""

TEXTS = {
    "/metrics": '# TYPE pars_requests counter\npars_requests_total{method="GET",route="/v1/rules",status="200"} 1.0\n',
    "/problems/{code}": '<!doctype html><html lang="en"><title>There is nothing here</title>…</html>',
}
"""Answers that are not JSON, by path."""
