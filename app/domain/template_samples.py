"""The sample rows of the templates, by the pointers of their columns. One that is left in a file is refused."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.batches import BatchKind

LEARNER: Mapping[str, str] = {
    "/action": "Add",
    "/activity_id": "200912095",
    "/completed_on": "2/14/2021",
    "/learner/first_name": "John",
    "/learner/last_name": "Smith",
    "/learner/date_of_birth": "03/17",
    "/cme/0/state": "Tennessee",
    "/cme/0/license_id": "12345",
    "/cme/0/credits": "2.25",
    "/moc/0/board": "ABIM",
    "/moc/0/board_id": "999999",
    "/moc/0/total_credits": "2.25",
    "/moc/0/credit_types/0/type": "Medical Knowledge",
    "/moc/0/credit_types/0/credits": "2.25",
    "/moc/0/credit_types/1/type": "Patient Safety",
    "/moc/0/credit_types/1/credits": "2.25",
}
"""Source: slides, Learner completion entry - Excel batch."""

REMS_LEARNER: Mapping[str, str] = {
    **LEARNER,
    "/rems/local_id": "12345",
    "/rems/profession": "Physician",
    "/rems/state": "Tennessee",
    "/rems/dea_registration": "Individual",
    "/rems/practice_area": "Internal Medicine",
    "/rems/surgical_procedures": "No",
    "/rems/time_in_practice": "6-10",
}

ACTIVITY: Mapping[str, str] = {
    "/action": "Add",
    "/internal_id": "SAMPLE-1",
    "/title": "Sample activity, remove this row",
    "/format": "Live Course",
    "/start_date": "2/14/2021",
    "/end_date": "2/15/2021",
    "/delivery_methods": "In-Person",
    "/location/city": "Portland",
    "/location/state": "Maine",
    "/location/country": "USA",
    "/providership": "Direct",
    "/ama_pra_credits": "2.25",
    "/description": "What learners will be able to do.",
    "/listing/public": "No",
    "/moc/0/board": "ABIM",
    "/moc/0/points": "2.25",
    "/moc/0/credit_types": "Medical Knowledge; Patient Safety",
}

SAMPLES: Mapping[BatchKind, tuple[Mapping[str, str], ...]] = {
    BatchKind.LEARNER_COMPLETIONS: (LEARNER, REMS_LEARNER),
    BatchKind.ACTIVITIES: (ACTIVITY,),
    BatchKind.LEARNER_VALIDATIONS: (),
    BatchKind.ROSTER: (),
    BatchKind.TRANSCRIPTS: (),
}
"""The samples of each kind of file. Validations and rosters have none: nobody made up must get into the registry."""
