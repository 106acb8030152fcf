"""Accepted values of the demographics of risk-mitigation education. Source: accreditor's REMS template.

Practice areas are in the rules' reference lists, where an operator may correct them.
"""

from __future__ import annotations

PHYSICIAN = "Physician"

PROFESSIONS = (
    PHYSICIAN, "Advanced practice nurse", "Physician Assistant", "Dentist", "Podiatrist", "Nurse", "Pharmacist",
    "Optometrist", "Psychologist", "Veterinarian", "Other healthcare professional", "Other",
)  # fmt: skip
DEA_REGISTRATIONS = ("Individual", "Institutional", "None")
TIMES_IN_PRACTICE = ("Trainee", "0-5 years post training", "6-10", "11-15", "16-20", "21+ years")
TIMES_IN_DOCUMENTS = ("Trainee", "0-5 years post training", "6-10 years", "11-15 years", "16-20 years", "21+ years")
"""The same as documents write them."""
_TIMES = dict(zip(TIMES_IN_DOCUMENTS, TIMES_IN_PRACTICE, strict=True))


def time_in_practice(text: str | None) -> str | None:
    """Return a time in practice by the word of the list, where a document's word for it was given."""
    return _TIMES.get(text, text) if text is not None else None


def time_in_documents(text: str | None) -> str | None:
    """Return a time in practice by the word that documents have for it."""
    return next((word for word, listed in _TIMES.items() if listed == text), text)
