"""Complete examples of PARS documents, with every part of their shape, in their JSON form."""

from __future__ import annotations

from typing import Any

from app.domain.batches import Element
from app.files.shapes import activities, learner_reports
from app.files.shapes.json_form import elements_of
from app.files.shapes.parts import Part

_DEEPEST = 16

LEARNER_REPORTS: dict[str, Any] = {
    "ActivityReports": {
        "DateTimeCreated": "2026-03-02T09:00:00Z",
        "ActivityReport": [
            {
                "ReportingOrganization": "Western Regional Medical Center",
                "Member": {
                    "Name": {"GivenName": "John", "FamilyName": "Smith"},
                    "PersonalInfo": {"BirthDate": "--03-17"},
                },
                "Participants": {
                    "Participant": {
                        "LocalIdentifier": {"value": "12345", "domain": "idd:example.org:learners"},
                        "StateOfPrimaryPractice": "Tennessee",
                        "DEARegistration": "Individual",
                        "Profession": "Physician",
                        "PracticeArea": "Internal Medicine",
                        "SurgicalProcedures": "false",
                        "TimeInPractice": "6-10 years",
                    }
                },
                "Activity": {
                    "ProviderOrganization": "0008001",
                    "RegulatoryInformation": {
                        "CompliantToRegulation": {"value": "https://www.example.org/rems", "label": "Opioid REMS"}
                    },
                    "Module": {
                        "ModuleName": {"value": "Pain Course", "moduleID": "200912095"},
                        "Status": "Completed",
                        "CompletedDateTime": "2026-02-14T00:00:00",
                        "CreditCertificate": [
                            {
                                "UniqueID": [
                                    {"value": "12345", "domain": "TN"},
                                    {"value": "1234567893", "domain": "NPI"},
                                ],
                                "CreditReceived": {
                                    "activityCertification": "AMA PRA Category 1",
                                    "creditUnit": "Point",
                                    "numberOfCredits": "2.25",
                                },
                                "CreditID": "ccid:example.org:4711-cme",
                            },
                            {
                                "UniqueID": {"value": "999999", "domain": "ABIM"},
                                "CreditReceived": {
                                    "activityCertification": "Medical Knowledge",
                                    "creditUnit": "Point",
                                    "numberOfCredits": "2.25",
                                },
                                "CreditID": "ccid:example.org:4711-abim",
                            },
                        ],
                    },
                },
                "XtensibleInfo": {
                    "ProviderID": "4711",
                    "LearnerRecordAction": "add",
                    "Occasion": "1",
                    "LearnerLink": "lrn_0c1f6b0e8f5f4e0b9a1d2c3b4a5f6e7d",
                },
            }
        ],
    }
}
ACTIVITIES: dict[str, Any] = {
    "MedicalEducationMetrics": [
        {
            "ReportDescription": {"ReportingStartDate": "2026-02-14", "ReportingEndDate": "2026-02-15"},
            "ActivityDescription": {
                "commercialSupportAmount": [{"value": "1250", "currency": "USD", "supportSource": "Acme Devices"}]
            },
            "Lom": {
                "general": {
                    "identifier": [
                        {"catalog": "ACCME Activity ID", "entry": "200912095"},
                        {"catalog": "Provider Activity ID", "entry": "PC-2026"},
                        {"catalog": "URL", "entry": "https://www.example.org/courses/pain"},
                    ],
                    "title": "Pain Course",
                    "description": "What learners will be able to do.",
                    "keyword": [{"id": "Level 3 ID", "source": "01_ABAMCO", "string": "1.2.3"}],
                }
            },
            "healthcareMetadata": {
                "healthcareEducation": {
                    "credits": [
                        {
                            "activityCertification": "AMA PRA Category 1",
                            "numberOfCredits": "2.25",
                            "nonAccreditedProvider": ["General Hospital"],
                        },
                        {"activityCertification": "Pharmacy", "numberOfCredits": "2"},
                    ],
                    "activityLocation": {"city": "Portland", "stateOrProvince": "ME", "country": "USA"},
                    "startDateTime": "2026-02-14T00:00:00",
                    "endDateTime": "2026-02-15T00:00:00",
                    "activitySponsorship": "joint",
                    "activityFormat": "Live Course",
                    "commercialSupport": "true",
                    "targetAudience": {"profession": ["Physician", "Pharmacist"], "specialty": ["Anesthesiology"]},
                }
            },
            "ParticipationMetrics": {
                "participantsByCategory": [{"category": "physician", "numberOfParticipants": "30"}]
            },
            "XtensibleInfo": {
                "ProviderID": "4711",
                "isInterprofessional": "true",
                "CommendationTags": {"CommendationTag": ["Engages Teams"]},
                "InKindSupports": {"InKindSupport": [{"source": "Robots Inc."}]},
                "DeliveryMethods": {"DeliveryMethod": ["In-Person"]},
                "MeasuredOutcomes": [{"MeasuredOutcome": "Learner Competence", "MeasurementType": ["Objective"]}],
                "MOCRegistrations": {
                    "MOCRegistration": [
                        {
                            "boardName": "ABA",
                            "mocPoints": "2.25",
                            "MOCCreditType": ["Lifelong Learning", "Patient Safety"],
                            "CreditClaimDate": "2026-12-31",
                        }
                    ]
                },
                "ContentOutlines": {
                    "ContentOutlineSelections": [
                        {
                            "ContentOutlineSource": "ABA",
                            "ContentOutlineKeys": [{"ContentKeyword": "Level 3 ID", "ContentKeywordValue": "1.2.4"}],
                        }
                    ]
                },
                "ForPublicList": "true",
                "FeeForParticipation": "No, it\u2019s free",
                "ActivityRegistration": "Open to all",
                "IsMeritBasedIncentivePaymentSystem": "false",
                "REMS": {"REMSType": "Opioid Analgesic", "REMSRelatedIdentifier": "EG-123456-789"},
                "PharmacyActivityType": "Knowledge",
                "PharmacyActivityTopic": "08-Pain Management",
                "PharmacyLiveDate": "2026-02-14",
                "PharmacySequenceNumber": "001",
                "UANPharmacy": "JA0008001-9999-26-001-L08-P",
                "UANPharmacyTech": "JA0008001-9999-26-001-L08-T",
                "activityRecordAction": "Update",
                "closeActivityRecord": "false",
            },
        }
    ]
}


def example_of(document: Part) -> Element:
    """Return the complete example of a document."""
    given = {learner_reports.DOCUMENT.name: LEARNER_REPORTS, activities.DOCUMENT.name: ACTIVITIES}[document.name]
    (element,) = elements_of(given, document, _DEEPEST)
    return element
