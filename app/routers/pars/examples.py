"""Examples of documents as they are sent and answered, for the description of the API: in the form of JSON."""

from __future__ import annotations

from typing import Any

_RECORD: dict[str, Any] = {
    "Member": {"Name": {"GivenName": "Rebecca", "FamilyName": "Test"}, "PersonalInfo": {"BirthDate": "02/01"}},
    "Activity": {
        "Module": {
            "ModuleName": {"value": "Grand Rounds Anesthesia", "moduleID": "201759558"},
            "Status": "Completed", "CompletedDateTime": "2021-12-12T17:30:00-06:00",
            "CreditCertificate": [
                {
                    "UniqueID": [{"value": "444444", "domain": "TN"}],
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
LEARNERS: dict[str, Any] = {"ACCMELearnerReports": {"ActivityReports": {"ActivityReport": [_RECORD]}}}
ACTIVITIES: dict[str, Any] = {
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
MATCH: dict[str, Any] = {
    "LearnerMatch": {
        "Member": {"Name": {"GivenName": "Rebecca", "FamilyName": "Test"}, "PersonalInfo": {"BirthDate": "02/01"}},
        "UniqueID": [{"value": "444444", "domain": "TN"}],
    }
}
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


LEARNERS_SAVED = _reports(_SAVED)
LEARNERS_FOUND = _reports(_FOUND)
_DELETED = {"Outcome": "deleted", "XtensibleInfo": {"LearnerRecordAction": "delete"}}
LEARNER_DELETED = _reports(_SAVED | _DELETED)
ACTIVITIES_SAVED: dict[str, Any] = {
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
}  # fmt: skip
ACTIVITIES_FOUND: dict[str, Any] = ACTIVITIES
MATCHED: dict[str, Any] = {
    "LearnerMatch": {
        "Result": "one", "LearnerLink": "lrn_5f0d2c7be40112ab34cd", "Board": ["TN-M"],
        "Message": "One learner was matched.",
    }
}  # fmt: skip
_TOTALS = {
    "AMAPRACategory1": 7,
    "BoardTotal": [{"Board": "ABO", "BoardName": "American Board of Ophthalmology", "numberOfCredits": 22.75}],
}
TRANSCRIPT_FOUND: dict[str, Any] = {
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
}  # fmt: skip
CREDITS_TOTALLED: dict[str, Any] = {"LearnerTranscriptCredits": {"Totals": [_TOTALS]}}
