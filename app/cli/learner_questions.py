"""The questions of `pars learner split`: who leaves, and whose each name, number and completion is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from app.cli.learner_views import full_name, full_number
from app.domain.amounts import format_quarters
from app.domain.credits import Completion, Credit, CreditStatus
from app.domain.identity.physicians import Physician


def ask_for_split(one: Physician, held: Sequence[Completion]) -> dict[str, Any]:
    """Ask until everything is assigned; return the fields of a split."""
    typer.echo(f"{one.physician_id}  {full_name(one.shown)}  is two people. Who leaves?")
    person = {
        "first_name": _text("First name"),
        "middle_name": _text("Middle name"),
        "last_name": _text("Last name"),
        "suffix": _text("Suffix"),
        "date_of_birth": _text("Birth date, MM/DD"),
    }
    fields: dict[str, Any] = {"physician": person, "goes": [], "stays": []}
    fields["names"] = [
        {"first_name": name.first_name, "last_name": name.last_name}
        for name in one.names
        if _goes(f"The name {full_name(name)}")
    ]
    fields["npi"] = bool(one.npi) and _goes(f"The NPI {one.npi}")
    fields["licenses"] = [
        {"board": number.board, "license_id": number.number}
        for number in one.licenses
        if _goes(f"The licence {full_number(number)}")
    ]
    fields["certifications"] = [
        {"board": number.board, "board_id": number.number}
        for number in one.certifications
        if _goes(f"The certification {full_number(number)}")
    ]
    for number, completion in enumerate(held, 1):
        _assign(completion, f"{number} of {len(held)}", fields)
    return fields


def _text(asked: str) -> str | None:
    return typer.prompt(f"{asked} (empty for none)", default="", show_default=False).strip() or None


def _goes(asked: str) -> bool:
    """Ask whether something goes with who leaves."""
    return _choice(asked, "gs") == "g"


def _choice(asked: str, letters: str) -> str:
    words = {"g": "[g]oes", "s": "[s]tays", "p": "[p]art of it"}
    while True:
        given = typer.prompt(f"{asked}: {', '.join(words[letter] for letter in letters)}", prompt_suffix="? ")
        letter = str(given).strip().lower()[:1]
        if letter and letter in letters:
            return letter
        typer.echo("Answer with one of the letters.")


def _assign(completion: Completion, place: str, fields: dict[str, Any]) -> None:
    """Ask whose a completion is, and of one that is parted, whose each credit is."""
    credits = [credit for credit in completion.credits if credit.status is not CreditStatus.WITHDRAWN]
    what = "; ".join(map(_shown, credits)) or "risk mitigation only"
    named = " ".join(part for part in (completion.first_name, completion.last_name) if part) or "by learner id"
    typer.echo(f"Completion {place}: {completion.completed_on}, activity {completion.activity_id}, {what}")
    letter = _choice(f"  reported as {named}", "gsp" if len(credits) > 1 else "gs")
    if letter != "p":
        fields["goes" if letter == "g" else "stays"].append(completion.completion_id)
        return
    for credit in credits:
        fields["goes" if _goes(f"  {_shown(credit)}") else "stays"].append(credit.credit_id)


def _shown(credit: Credit) -> str:
    number = f" under {credit.number_on_file}" if credit.number_on_file else ""
    return f"{credit.board} {format_quarters(credit.quarters)}{number}, {credit.status.value}"
