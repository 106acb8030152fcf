"""Accepted values of the demographics that risk-mitigation education reports. Source: accreditor's REMS template."""

from __future__ import annotations

PHYSICIAN = "Physician"

PROFESSIONS = (
    PHYSICIAN, "Advanced practice nurse", "Physician Assistant", "Dentist", "Podiatrist", "Nurse", "Pharmacist",
    "Optometrist", "Psychologist", "Veterinarian", "Other healthcare professional", "Other",
)  # fmt: skip
