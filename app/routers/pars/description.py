"""What the description of the API says of documents: both forms of each, with an example."""

from __future__ import annotations

from typing import Any

from app.files.shapes.envelopes import DocumentKind
from app.routers.description.responses import Responses
from app.routers.pars.forms import JSON, TEXT_XML, XML, write_envelope

_DOCUMENT = {"type": "object", "additionalProperties": True}
_RECORD: dict[str, Any] = {
    "Member": {"Name": {"GivenName": "Rebecca", "FamilyName": "Test"}, "PersonalInfo": {"BirthDate": "02/01"}},
    "Activity": {
        "Module": {
            "ModuleName": {"value": "Grand Rounds Anesthesia", "moduleID": "201759558"},
            "Status": "Completed", "CompletedDateTime": "2021-12-12T17:30:00-06:00",
            "CreditCertificate": [
                {
                    "UniqueID": {"value": "444444", "domain": "TN"},
                    "CreditReceived": {
                        "activityCertification": "AMA PRA Category 1", "creditUnit": "Point", "numberOfCredits": 2
                    },
                    "CreditID": "ccid:example.org:abc-1",
                }
            ],
        }
    },
    "XtensibleInfo": {"LearnerRecordAction": "add"},
}  # fmt: skip
_LEARNERS = {"ACCMELearnerReports": {"ActivityReports": {"ActivityReport": [_RECORD]}}}
_ACTIVITIES = {
    "ACCMEActivities": {
        "MedicalEducationMetrics": [
            {
                "Lom": {
                    "general": {
                        "identifier": [{"catalog": "Provider Activity ID", "entry": "Ex2-9"}],
                        "title": "Grand Rounds Anesthesia",
                    }
                },
                "healthcareMetadata": {
                    "healthcareEducation": {
                        "startDateTime": "2021-01-17", "endDateTime": "2021-12-17",
                        "activityFormat": "Regularly Scheduled Series",
                        "credits": [{"activityCertification": "AMA PRA Category 1", "numberOfCredits": 52}],
                    }
                },
                "XtensibleInfo": {"activityRecordAction": "Add"},
            }
        ]
    }
}  # fmt: skip
_MATCH = {
    "LearnerMatch": {
        "Member": {"Name": {"GivenName": "Rebecca", "FamilyName": "Test"}, "PersonalInfo": {"BirthDate": "02/01"}},
        "UniqueID": {"value": "444444", "domain": "TN"},
    }
}
_DOCUMENTS: dict[DocumentKind, dict[str, Any]] = {
    DocumentKind.LEARNERS: _LEARNERS,
    DocumentKind.ACTIVITIES: _ACTIVITIES,
}


def document_body(kind: DocumentKind) -> dict[str, Any]:
    """Return what is described of a body that is a document of a kind."""
    return _body(_DOCUMENTS[kind])


def match_body() -> dict[str, Any]:
    """Return what is described of a body that asks for a learner's match."""
    return _body(_MATCH)


def _body(example: dict[str, Any]) -> dict[str, Any]:
    as_xml = {"schema": {"type": "string", "examples": [write_envelope(example)]}}
    content = {JSON: {"schema": _DOCUMENT | {"examples": [example]}}, XML: as_xml, TEXT_XML: as_xml}
    return {"requestBody": {"required": True, "content": content}}


def answered(example: dict[str, Any]) -> Responses:
    """Return what is described of an answer, in each form."""
    content = {"schema": _DOCUMENT, "example": example}
    described = "The records in their order, and what became of each"
    return {200: {"description": described, "content": dict.fromkeys((JSON, XML, TEXT_XML), content)}}


_SAVED: dict[str, Any] = {
    "Number": 1, "Outcome": "created", "LearnerId": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
    "Activity": {
        "Module": {
            "ModuleName": {"moduleID": "201759558"}, "CompletedDateTime": "2021-12-12",
            "CreditCertificate": [
                {
                    "CreditID": "ccid:example.org:abc-1", "Board": "TN-M", "Status": "pending", "Code": "created",
                    "Message": "It was taken; Tennessee Board of Medical Examiners has not answered yet.",
                }
            ],
        }
    },
    "XtensibleInfo": {"LearnerRecordAction": "add"},
}  # fmt: skip
_MODULE = _RECORD["Activity"]["Module"]
_FOUND = _RECORD | {
    "Number": 1, "Outcome": "found", "LearnerId": _SAVED["LearnerId"],
    "Activity": {
        "Module": _MODULE | {
            "CreditCertificate": [
                _MODULE["CreditCertificate"][0] | {
                    "Board": "TN-M", "Status": "accepted", "Code": "accepted",
                    "Message": "Tennessee Board of Medical Examiners has accepted it.",
                }
            ]
        }
    },
}  # fmt: skip


def _reports(record: dict[str, Any]) -> dict[str, Any]:
    reports = {"DateTimeCreated": "2021-12-20T15:00:00+00:00", "ActivityReport": [record]}
    return {"ACCMELearnerReports": {"ActivityReports": reports}}


LEARNERS_SAVED = answered(_reports(_SAVED))
LEARNERS_FOUND = answered(_reports(_FOUND))
_DELETED = {"Outcome": "deleted", "XtensibleInfo": {"LearnerRecordAction": "delete"}}
LEARNER_DELETED = answered(_reports(_SAVED | _DELETED))
ACTIVITIES_SAVED = answered(
    {
        "ACCMEActivities": {
            "MedicalEducationMetrics": [
                {
                    "Number": 1, "Outcome": "created",
                    "Lom": {
                        "general": {
                            "identifier": [
                                {"catalog": "ACCME Activity ID", "entry": "201759558"},
                                {"catalog": "Provider Activity ID", "entry": "Ex2-9"},
                            ],
                            "title": "Grand Rounds Anesthesia",
                        }
                    },
                    "ActivityStatus": "draft", "Missing": ["delivery_methods", "description"],
                    "XtensibleInfo": {"activityRecordAction": "Add"},
                }
            ]
        }
    }
)  # fmt: skip
ACTIVITIES_FOUND = answered(_ACTIVITIES)
MATCHED = answered(
    {
        "LearnerMatch": {
            "Result": "one", "LearnerLink": "lrn_5f0d2c7be40112ab34cd", "Board": ["TN-M"],
            "Message": "One learner was matched.",
        }
    }
)  # fmt: skip
_TOTALS = {
    "AMAPRACategory1": 7,
    "BoardTotal": [{"Board": "ABO", "BoardName": "American Board of Ophthalmology", "numberOfCredits": 22.75}],
}
TRANSCRIPT_FOUND = answered(
    {
        "ACCMETranscripts": [
            {
                "Member": {"Name": {"FullName": "Vincent Van Gogh"}},
                "ActivityTranscript": [
                    {
                        "Activity": {
                            "ReportingOrganization": "Western Regional Medical Center",
                            "Module": {
                                "ModuleName": {"value": "Testing out CME Passport", "moduleID": "201759558"},
                                "Status": "Completed", "CompletedDateTime": "2022-04-21",
                                "CreditCertificate": [
                                    {
                                        "Board": "ABO", "Status": "accepted",
                                        "CreditReceived": {
                                            "activityCertification": "MOC", "creditUnit": "Point", "numberOfCredits": 7
                                        },
                                    }
                                ],
                            },
                        }
                    }
                ],
                "XtensibleInfo": {"Totals": _TOTALS},
            }
        ]
    }
)  # fmt: skip
CREDITS_TOTALLED = answered({"LearnerTranscriptCredits": {"Totals": [_TOTALS]}})
