"""Accepted answers about learners of risk-mitigation education, and what else means the same.

Practice areas are in the rules' reference lists, where an operator may correct them. Source: the REMS template.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.identity.comparison_keys import code_key

Answers = Mapping[str, tuple[str, ...]]
"""Accepted answers in the order of the template, each with others that mean the same."""
PHYSICIAN = "Physician"

PROFESSION_ANSWERS: Answers = {
    PHYSICIAN: ("MD", "DO"),
    "Advanced practice nurse": ("APRN", "Advanced practice registered nurse", "NP", "Nurse practitioner"),
    "Physician Assistant": ("PA", "Physician associate"),
    "Dentist": (),
    "Podiatrist": (),
    "Nurse": ("RN", "Registered nurse"),
    "Pharmacist": (),
    "Optometrist": (),
    "Psychologist": (),
    "Veterinarian": (),
    "Other healthcare professional": (),
    "Other": (),
}
DEA_ANSWERS: Answers = {"Individual": (), "Institutional": ("Institution",), "None": ("Not registered",)}
TIME_ANSWERS: Answers = {
    "Trainee": ("In training",),
    "0-5 years post training": ("0-5", "0-5 years"),
    "6-10": ("6-10 years", "6-10 years post training"),
    "11-15": ("11-15 years", "11-15 years post training"),
    "16-20": ("16-20 years", "16-20 years post training"),
    "21+ years": ("21+", "21 years or more", "21+ years post training"),
}
TYPE_ANSWERS: Answers = {
    "Opioid Analgesic": (
        "Opioid", "Opioids", "Opioid Analgesics", "Opioid REMS", "Opioid Analgesic REMS", "ER/LA Opioid Analgesics",
    ),
    "Mycophenolate": ("Mycophenolate REMS",),
}  # fmt: skip
"""Programmes that activities belong to."""
PROFESSIONS, DEA_REGISTRATIONS = tuple(PROFESSION_ANSWERS), tuple(DEA_ANSWERS)
TIMES_IN_PRACTICE, REMS_TYPES = tuple(TIME_ANSWERS), tuple(TYPE_ANSWERS)
TIMES_IN_DOCUMENTS = ("Trainee", "0-5 years post training", "6-10 years", "11-15 years", "16-20 years", "21+ years")
"""Times in practice as documents write them."""
_TIMES = dict(zip(TIMES_IN_PRACTICE, TIMES_IN_DOCUMENTS, strict=True))


def time_in_practice(text: str | None) -> str | None:
    """Return a time in practice by the word of the list, where a document's word for it was given."""
    return next((word for word, written in _TIMES.items() if written == text), text)


def time_in_documents(text: str | None) -> str | None:
    """Return a time in practice by the word that documents have for it."""
    return _TIMES.get(text, text) if text is not None else None


def also_accepted(answers: Answers) -> tuple[str, ...]:
    """Return what is accepted beside the answers of a list."""
    return tuple(text for others in answers.values() for text in others)


def keys_of(answers: Answers) -> dict[str, str]:
    """Return the answers of a list by the comparison keys of all that means them."""
    return {code_key(text): name for name, others in answers.items() for text in (name, *others)}


def listed(keys: Mapping[str, str], given: str | None) -> str | None:
    """Return an answer in the words of its list, None for one that is not listed and for none."""
    return None if given is None else keys.get(code_key(given))
