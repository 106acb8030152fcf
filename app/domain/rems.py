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
