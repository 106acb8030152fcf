"""Values that fields and columns accept: those that a drop-down offers, and others with the same meaning."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from types import MappingProxyType

import msgspec

from app.domain.boards import Board, BoardKind
from app.domain.catalogue import Catalogue
from app.domain.columns import Choice
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.joint_accreditation import OTHER_CREDIT_ANSWERS, TARGET_ANSWERS
from app.domain.rems import DEA_ANSWERS, PROFESSION_ANSWERS, TIME_ANSWERS, TYPE_ANSWERS, Answers, also_accepted
from app.domain.states import STATES

ACTIONS = ("Add", "Update", "Delete")
YES_NO = ("Yes", "No")


class Labelled(enum.StrEnum):
    """A list of values, each with the label under which a drop-down offers it."""

    label: str

    def __new__(cls, value: str, label: str) -> Labelled:
        """Make a member that is its value, and has a label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def labels(cls) -> tuple[str, ...]:
        """Return the labels in the order of the list."""
        return tuple(member.label for member in cls)


class DeliveryMethod(Labelled):
    """How an activity is delivered."""

    IN_PERSON = "in-person", "In-Person"
    """The learners come to a place."""
    LIVE_STREAMED = "live-streamed", "Live-Streamed"
    """The learners follow it from elsewhere as it happens."""
    ONLINE = "online", "Online"
    """It is on the internet, at any time."""
    PRINT_OTHER = "print-other", "Print/Other"
    """On paper, or in some other way."""


class Providership(Labelled):
    """Who provides an activity."""

    DIRECT = "direct", "Direct"
    """The accredited provider alone."""
    JOINT = "joint", "Joint"
    """The accredited provider together with others that are not accredited."""


class OutcomeMeasured(Labelled):
    """The subject of a measured change."""

    LEARNER_KNOWLEDGE = "learner-knowledge", "Learner Knowledge"
    """Learners' knowledge."""
    LEARNER_COMPETENCE = "learner-competence", "Learner Competence"
    """Learners' competence: knowing how to do something."""
    LEARNER_PERFORMANCE = "learner-performance", "Learner Performance"
    """Learners' performance in practice."""
    PATIENT_HEALTH = "patient-health", "Patient Health"
    """How patients fare."""
    COMMUNITY_HEALTH = "community-health", "Community Health"
    """How a community fares."""


class Fee(Labelled):
    """Whether taking part costs anything."""

    YES = "yes", "Yes"
    """It does."""
    NO = "no", "No"
    """It does not."""
    VARIABLE = "variable", "Variable"
    """It depends on who takes part."""


class RegistrationMode(Labelled):
    """Who may register for an activity."""

    OPEN = "open", "Open"
    """Anybody."""
    LIMITED = "limited", "Limited"
    """Some, members for example."""


class PharmacyActivityType(Labelled):
    """The kind of a pharmacists' activity."""

    KNOWLEDGE = "knowledge", "Knowledge"
    """It conveys knowledge."""
    APPLICATION = "application", "Application"
    """It applies knowledge."""
    CERTIFICATE_PROGRAM = "certificate-program", "Certificate Program"
    """It leads to a certificate, over several sessions."""


class PharmacyTopic(Labelled):
    """What a pharmacists' activity is about."""

    DISEASE_STATE = "01", "01-Disease State Management/Drug Therapy"
    """Disease state management and drug therapy."""
    AIDS = "02", "02-AIDS Therapy"
    """AIDS therapy."""
    LAW = "03", "03-Law Related to Pharmacy Practice"
    """Law."""
    ADMINISTRATION = "04", "04-Pharmacy Administration"
    """Administration."""
    PATIENT_SAFETY = "05", "05-Patient Safety"
    """Patient safety."""
    IMMUNIZATIONS = "06", "06-Immunizations"
    """Immunizations."""
    COMPOUNDING = "07", "07-Compounding"
    """Compounding."""
    PAIN = "08", "08-Pain Management"
    """Pain management."""
    ADDITIONAL = "99", "99-Additional Topic Areas"
    """Anything else."""


class Degree(enum.StrEnum):
    """The degree that a medical school gives."""

    MD = "MD"
    """Doctor of Medicine."""
    DO = "DO"
    """Doctor of Osteopathic Medicine."""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """One list: the values offered, and others that mean the same."""

    values: tuple[str, ...]
    also: tuple[str, ...] = ()


def certifying(catalogue: Catalogue) -> list[Board]:
    """Return the certifying boards by code."""
    return [board for board in catalogue.boards.values() if board.kind is BoardKind.CERTIFYING]


def choices_of(
    catalogue: Catalogue, medical_schools: Sequence[str] = (), practice_areas: Answers = MappingProxyType({})
) -> dict[Choice, Choices]:
    """Return the list of every column that has one, from the catalogue and the lists that are data."""
    boards = certifying(catalogue)
    licensing = [board for board in catalogue.boards.values() if board.kind is BoardKind.LICENSING]
    types = [credit_type for board in boards for credit_type in board.credit_types]
    return {
        Choice.ACTION: Choices(values=ACTIONS),
        Choice.STATE: Choices(
            values=tuple(sorted(STATES.values())),
            also=(*STATES, *(board.code for board in licensing), *(board.name for board in licensing)),
        ),
        Choice.BOARD: Choices(
            values=tuple(board.code for board in boards),
            also=tuple(text for board in boards for text in (board.name, *board.aliases)),
        ),
        Choice.CREDIT_TYPE: Choices(
            values=_once(credit_type.name for credit_type in types),
            also=_once(text for credit_type in types for text in credit_type.aliases),
        ),
        Choice.SPECIAL_CREDIT: Choices(values=_once(text for board in licensing for text in board.special_credits)),
        Choice.PROFESSION: _answers(PROFESSION_ANSWERS),
        Choice.DEA_REGISTRATION: _answers(DEA_ANSWERS),
        Choice.PRACTICE_AREA: _answers(practice_areas),
        Choice.TIME_IN_PRACTICE: _answers(TIME_ANSWERS),
        Choice.REMS_TYPE: _answers(TYPE_ANSWERS),
        Choice.YES_NO: Choices(values=YES_NO),
        Choice.MEDICAL_SCHOOL: Choices(values=tuple(medical_schools)),
        Choice.FORMAT: Choices(
            values=tuple(format.name for format in ACTIVITY_FORMATS),
            also=tuple(text for format in ACTIVITY_FORMATS for text in (format.code, *format.other_names)),
        ),
        Choice.DELIVERY_METHOD: Choices(values=DeliveryMethod.labels()),
        Choice.PROVIDERSHIP: Choices(values=Providership.labels()),
        Choice.OUTCOME: Choices(values=OutcomeMeasured.labels()),
        Choice.FEE: Choices(values=Fee.labels()),
        Choice.REGISTRATION: Choices(values=RegistrationMode.labels()),
        Choice.TARGET_PROFESSION: _answers(TARGET_ANSWERS),
        Choice.OTHER_CREDIT: _answers(OTHER_CREDIT_ANSWERS),
        Choice.PHARMACY_TYPE: Choices(values=PharmacyActivityType.labels()),
        Choice.PHARMACY_TOPIC: Choices(
            values=PharmacyTopic.labels(), also=tuple(topic.value for topic in PharmacyTopic)
        ),
    }


def _answers(answers: Answers) -> Choices:
    return Choices(values=tuple(answers), also=also_accepted(answers))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
