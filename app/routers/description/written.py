"""Written examples: Rebecca Test's two hours of Grand Rounds, and what else a story needs. Tests send them all."""

from __future__ import annotations

from typing import Any

COMPLETION_ID, CREDIT_ID = "017de0b2-4c30-7b5e-9a61-5f0d2c7be401", "017de0b2-4c30-7b5e-9a61-5f0d2c7be402"
ENDPOINT_ID = "whe_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b71"

FIELDS: dict[str, str] = {
    "activity_id": "201759558",
    "provider_id": "0008001",
    "completion_id": COMPLETION_ID,
    "credit_id": CREDIT_ID,
    "batch_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be403",
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
    "pointer": "/cme/0/credits",
    "detail": "60.3 is no multiple of 0.25.",
    "hint": "Report credits in steps of 0.25.",
    "rule_url": "/v1/rules/credit-quarter",
    "title": "Grand Rounds Anesthesia",
    "client_id": "c8f2d1e47a90",
    "event_id": "evt_019ab0c25d1e7f048a353f6f1c2e9b70",
    "next_cursor": "zXk2",
    "filename": "learners_november.xlsx",
    "seen_before": "017de0b2-4c30-7b5e-9a61-5f0d2c7be402",
    "column": "Number of CME Credits",
    "matched_boards": "TN-M",
    "endpoint_id": ENDPOINT_ID,
    "delivery_id": "whd_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b72",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+oZ1cZ9Zb2E=",
}
"""What a text field of this name holds, wherever no better example stands."""

PARAMETERS = {("/problems/{code}", "code"): "not-found"}
"""Path parameters that are not what fields of their name are."""

TEXTS = {
    "/metrics": '# TYPE pars_requests counter\npars_requests_total{method="GET",route="/v1/rules",status="200"} 1.0\n',
    "/problems/{code}": '<!doctype html><html lang="en"><title>There is nothing here</title>…</html>',
}
"""Answers that are no JSON."""

REQUESTS: dict[str, dict[str, tuple[str, Any]]] = {
    "CompletionIn": {
        "points": (
            "Points of a certifying board",
            {
                "activity_id": "201759558",
                "completed_on": "2021-12-01",
                "permission": True,
                "learner": {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"},
                "moc": [
                    {
                        "board": "ABA",
                        "board_id": "35867909",
                        "total_credits": 0.25,
                        "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
                    }
                ],
            },
        ),
        "credit_and_points": (
            "CME and points in one record",
            {
                "activity_id": "200912095",
                "completed_on": "2021-02-14",
                "permission": True,
                "learner": {"first_name": "John", "last_name": "Smith", "date_of_birth": "03/17"},
                "cme": [{"state": "TN", "license_id": "12345", "credits": 2.25}],
                "moc": [
                    {
                        "board": "ABIM",
                        "board_id": "999999",
                        "total_credits": 2.25,
                        "credit_types": [
                            {"type": "Medical Knowledge", "credits": 2.25},
                            {"type": "Patient Safety", "credits": 2.25},
                        ],
                    }
                ],
            },
        ),
    },
    "ActivityIn": {
        "smallest": (
            "What cannot be left out",
            {
                "title": "Airway course",
                "format": "live-course",
                "start_date": "2026-03-01",
                "end_date": "2026-03-02",
            },
        ),
    },
    "BatchForm": {
        "completions": (
            "A workbook of completions",
            {"file": "(bytes of a file)", "kind": "learner-completions", "permission_attested": True},
        ),
        "rehearsal": (
            "Activities, judged and not stored",
            {"file": "(bytes of a file)", "kind": "activities", "dry_run": True},
        ),
    },
    "WebhookEndpointIn": {
        "all": ("Everything that happens", {"url": "https://lms.example.org/pars"}),
        "some": (
            "What boards decide, and what is withdrawn",
            {"url": "https://lms.example.org/pars", "event_types": ["credit.decided", "credit.withdrawn"]},
        ),
    },
    "WebhookEndpointPatch": {
        "enabled": ("An endpoint that was disabled is enabled again", {"status": "enabled"}),
        "narrowed": ("Fewer events", {"event_types": ["credit.decided"]}),
    },
    "ActivityPatch": {
        "more_credit": ("A field is changed; what is not sent stays", {"ama_pra_credits": 60}),
        "cleared": ("Null clears, lists replace", {"commendation_tags": [], "learner_counts": None}),
    },
}
"""Bodies beside those that a schema names itself, by schema: summary and value."""

_SPAN = {"since": None, "until": None}
_CREDIT = {
    "credit_id": CREDIT_ID,
    "kind": "cme",
    "board": "TN-M",
    "learner_board_id": "444444",
    "credits": 2,
    "credit_types": [],
    "client_references": ["ccid:example.org:abc-1"],
    "status": "pending",
    "delivery": "board",
    "status_reason": None,
    "status_text": None,
    "status_at": "2021-12-20T15:00:00Z",
}
_PREVIEWED = {name: _CREDIT[name] for name in _CREDIT if name not in ("status_reason", "status_text", "status_at")}
_OLIVE = {"first_name": "Olive", "last_name": "Only", "date_of_birth": "02/01"}
_LEARNER = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01", "npi": None}
_COMPLETION: dict[str, Any] = {
    "completed_on": "2021-12-12",
    "occasion": 1,
    "submitted_at": "2021-12-20T15:00:00Z",
    "learner": _LEARNER,
    "rems": None,
    "version": 1,
}
_REPORTED: dict[str, Any] = _COMPLETION | {"outcome": "created", "findings": []}
_FED: dict[str, Any] = {
    "position": 1,
    "event": "credit.reported",
    "occurred_at": "2021-12-20T15:00:00Z",
    "credit_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be402",
    "kind": "moc",
    "learner_board_id": "35867909",
    "learner": {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"},
    "activity": {
        "activity_id": "201759558",
        "title": "Grand Rounds Anesthesia",
        "format": "regularly-scheduled-series",
        "start_date": "2021-01-17",
        "end_date": "2021-12-17",
    },
    "completed_on": "2021-12-01",
    "credits": 0.25,
    "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
    "provider": {"provider_id": "0008001", "name": "Western Regional Medical Center"},
}
_ENDPOINT: dict[str, Any] = {
    "board": None,
    "url": "https://lms.example.org/pars",
    "event_types": ["credit.decided", "credit.withdrawn"],
    "description": None,
    "status": "enabled",
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "version": 1,
}
WRITTEN: dict[str, Any] = {
    "WebhookEndpoint": _ENDPOINT,
    "WebhookSecret": _ENDPOINT,
    "WebhookDelivery": {
        "event_type": "credit.decided",
        "status": "delivered",
        "attempts": 1,
        "next_attempt_at": None,
        "last_outcome": "accepted",
        "last_status": 204,
    },
    "Batch": {
        "status": "completed",
        "dry_run": False,
        "progress": 1.0,
        "counts": {
            "read": 42,
            "added": 38,
            "joined": 0,
            "updated": 1,
            "deleted": 0,
            "unchanged": 1,
            "rejected": 2,
            "held": 0,
            "warned": 3,
        },
        "warnings": [{"rule": "reported-within-30-days", "rows": 3, "rule_url": "/v1/rules/reported-within-30-days"}],
        "file_error": None,
        "seen_before": None,
    },
    "FeedEvent": _FED,
    "BoardReport": {
        "board": "ABA",
        "decides": True,
        "last_position": 412,
        "carried": 400,
        "read_at": "2021-12-20T15:00:00Z",
        "pending": 14,
        "accepted": 371,
        "rejected": 9,
        "withdrawn": 3,
        "overdue": 2,
        "oldest_pending_at": "2021-12-19T09:30:00Z",
    },
    "Activity": {
        "status": "active",
        "missing": [],
        "format": "regularly-scheduled-series",
        "internal_id": "Ex2-1",
        "start_date": "2021-01-17",
        "end_date": "2021-12-17",
        "ama_pra_credits": 52,
        "delivery_methods": ["in-person"],
        "location": {"city": "Portland", "state": "ME", "country": "USA"},
        "description": "Weekly grand rounds of the department.",
        "providership": "direct",
        "joint_providers": [],
        "practice_areas": [],
        "commendation_tags": [],
        "rems": None,
        "mips": False,
        "measured_outcomes": None,
        "listing": {"public": False, "url": None, "fee": None, "registration": None, "specialties": None},
        "commercial_support": None,
        "learner_counts": None,
        "joint_accreditation": None,
        "findings": [],
        "created_at": "2021-01-04T09:30:00Z",
        "updated_at": "2021-01-04T09:30:00Z",
    },
    "Registration": {
        "board": "ABA",
        "points": 52,
        "credit_types": ["Lifelong Learning"],
        "credit_claim_date": "2022-03-31",
        "practice_areas": [],
        "content_outline": ["1.2.3"],
        "attested": True,
    },
    "Completion": _COMPLETION,
    "ReportedCompletion": _REPORTED,
    "Credit": _CREDIT,
    "PreviewCredit": _PREVIEWED | {"credit_id": None, "client_references": []},
    "Preview": {"findings": []},
    "Bulk": {
        "items": [
            {"index": 0, "status": 201, "completion": _REPORTED},
            {
                "index": 1,
                "status": 422,
                "problem": {
                    "type": "/problems/completion-rejected",
                    "title": "The completion breaks reporting rules",
                    "status": 422,
                    "detail": "1 rule is broken; nothing was stored.",
                    "code": "completion-rejected",
                    "request_id": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
                    "errors": [{"code": "credit-quarter", "detail": FIELDS["detail"], "pointer": FIELDS["pointer"]}],
                },
            },
        ],
        "summary": {"created": 1, "joined": 0, "unchanged": 0, "rejected": 1},
    },
    "EventIds": {"completion_id": COMPLETION_ID, "activity_id": "201759558"},
    "Sandbox": {"provider_id": "9999999"},
    "MagicLearner": {
        "name": "one",
        "says": "fits exactly one",
        "first_name": "Olive",
        "last_names": ["Only"],
        "npi": None,
        "licenses": [{"board": "CA-M", "number": "S100001"}],
        "certifications": [{"board": "ABIM", "number": "900101"}],
        "credit_status": "accepted",
        "credit_status_reason": None,
    },
    "MagicActivity": {
        "internal_id": "magic-open",
        "activity_id": "299990001",
        "title": "Open course",
        "says": "takes everything",
    },
    "Case": {
        "section": "What becomes of a record",
        "says": "CME for one state",
        "before": [],
        "send": {
            "activity_id": "299990001",
            "completed_on": "2025-06-02",
            "permission": True,
            "learner": _OLIVE,
            "cme": [{"state": "CA", "credits": 1}],
        },
        "status": 201,
        "code": None,
        "outcome": "created",
        "rejects": [],
        "warns": [],
        "credits": [{"board": "CA-M", "status": "accepted", "status_reason": None, "delivery": "board"}],
        "retry_after": None,
    },
    "Board": {
        "code": "ABA",
        "name": "American Board of Anesthesiology",
        "kind": "certifying",
        "state": None,
        "aliases": [],
        "special_credits": [],
        "changes": [],
        "source": "slides, Reporting Learners",
    },
    "Span": _SPAN,
    "CreditType": {"name": "Lifelong Learning", "aliases": []},
    "Rule": {
        "id": "credit-quarter",
        "severity": "reject",
        "statement": "Credits are reported in steps of 0.25.",
        "scope": ["all", "activity"],
        "boards": [],
        "source": "slides",
        "since": "2021-01-01",
    },
    "ActivityFormat": {
        "code": "live-course",
        "name": "Live course",
        "other_names": ["Course"],
        "span_months": None,
        "span_bound": None,
        "source": "slides",
    },
    "State": {"code": "TN", "name": "Tennessee", "boards": ["TN-M", "TN-O"]},
    "PracticeArea": {"name": "Anesthesiology", "source": "slides"},
    "MedicalSchool": {
        "name": "Vanderbilt University School of Medicine",
        "state": "TN",
        "degree": "MD",
        "source": "AAMC",
    },
}
"""What examples of a schema hold, as far as it is told here; fields that it does not name are made."""
