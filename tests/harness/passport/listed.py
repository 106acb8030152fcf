"""Activities of every kind in the public list, and a plain program that finds and counts them as the search should."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.domain.passport.search import PassportFacet
from tests.builders.bodies import an_activity
from tests.harness.api import Api

TITLES = (
    "Pain management and opioids",
    "Café rounds",
    "Colorectal CANCER, newly diagnosed",
    "Sepsis: 100 % of it",
    "Árbol",
)
TEXTS = (
    "On painful things.",
    "Reviews what is new in oncology.",
    "Über Ärzte und Patienten",
    "Reducing opioid harm, again",
)
PLACES = (
    {"city": "Portland", "state": "ME", "country": "USA"}, {"city": "PORTLAND", "state": "Maine", "country": "usa"},
    {"city": "Saint-Étienne", "state": "Loire", "country": "France"}, {"city": "Nashville", "state": "TN"}, None,
)  # fmt: skip
SPECIALTIES = (["Pediatrics", "Pain Medicine"], ["pediatrics"], ["Oncology"], ["Pain  medicine"], None)
PROFESSIONS = (["Physician", "Nurse"], ["Pharmacist"], None)
TYPES = {
    "ABA": ["Lifelong Learning", "Patient Safety"], "ABIM": ["Medical Knowledge", "Patient Safety"],
    "ABS": ["Self-Assessment"],
}  # fmt: skip
FORMATS = ("live-course", "enduring-material", "journal-cme")
METHODS = (["online"], ["in-person"], ["in-person", "live-streamed"], ["print-other"])
_WORDS = re.compile(r"\w+")


def an_open_activity(number: int, **fields: Any) -> dict[str, Any]:
    """Return a listed activity whose fields differ from those of its neighbours, each with another period."""
    month, boards = number % 12 + 1, [["ABA"], ["ABIM", "ABA"], [], ["ABS"], ["ABIM"], []][number % 6]
    return an_activity(**{
        "title": f"{TITLES[number % 5]} {number}",
        "description": TEXTS[number % 4],
        "format": FORMATS[number % 3],
        "start_date": f"202{1 + number % 2}-{month:02}-{number % 28 + 1:02}",
        "end_date": f"202{1 + number % 2 + number % 3 // 2}-{max(month, 12 - number % 5):02}-28",
        "ama_pra_credits": number % 9 * 0.75 + 0.25,
        "delivery_methods": METHODS[number % 4],
        # Who learns in a place has to be told which.
        "location": PLACES[number % 5] or ({"city": "Portland", "state": "ME"} if number % 4 in (1, 2) else None),
        "moc": [
            {"board": board, "points": number % 5 + place + 1, "credit_types": TYPES[board][: number % 2 + 1]}
            for place, board in enumerate(boards)
        ],
        "rems": {"type": "Opioid"} if number % 7 == 1 else None,
        "mips": (True, False, None)[number % 3],
        "listing": {
            "public": True, "url": f"https://education.example.org/{number}",
            "fee": ("yes", "no", "variable", None)[number % 4],
            "registration": ("open", "limited", None)[number % 3], "specialties": SPECIALTIES[number % 5],
        },
        "joint_accreditation": {
            "interprofessional": number % 2 == 0, "professions": PROFESSIONS[number % 3],
        } if number % 4 else None,
    } | fields)  # fmt: skip


VALUES: dict[str, tuple[Any, ...]] = {
    "q": ("pain", "opioid pain", "cafe", "ARBOL", "western", "portland", "on", "o", "nothing-such", "100"),
    "specialty": ("Pediatrics", "PAIN MEDICINE", "Oncology", "Astrology"),
    "board": ("ABA", "American Board of Internal Medicine", "ABS", "ABTS"),
    "activity_format": ("live-course", "Journal CME", "enduring-material", "learning-from-teaching"),
    "delivery_method": ("online", "in-person", "live-streamed", "print-other"),
    "state": ("ME", "Maine", "Loire", "TN", "WY"),
    "city": ("portland", "Saint-Etienne", "Nowhere"),
    "country": ("USA", "France"),
    "moc": ("true", "false"),
    "credit_type": ("Patient Safety", "Lifelong Learning", "self assessment", "Medical Knowledge", "Juggling"),
    "fee": ("yes", "no", "variable"),
    "registration": ("open", "limited"),
    "rems": ("true", "false"),
    "mips": ("true", "false"),
    "interprofessional": ("true", "false"),
    "profession": ("Nurse", "pharmacist", "RN", "Wizard"),
    "joint_accreditation": ("true", "false"),
    "credits_from": ("0", "2.5", "6.26"),
    "credits_to": ("2.5", "0.1", "100"),
    "moc_points_from": ("0.25", "3", "6"),
    "moc_points_to": ("1", "2.9", "50"),
    "activity_from": ("2021-06-01", "2022-03-15", "2023-01-01"),
    "activity_to": ("2021-12-31", "2022-03-15", "2020-01-01"),
    "past": ("true", "false"),
}
"""Values to ask for, of each filter."""


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())


def build(apis: Iterable[Api], activities: int = 30) -> dict[str, dict[str, Any]]:
    """Register activities of several providers by turns, all of them listed; return them by id as they are stored."""
    every, found = list(apis), {}
    for number in range(activities):
        answer = every[number % len(every)].register(**an_open_activity(number))
        assert answer.status == 201, answer.json
        assert answer.json["status"] != "draft", answer.json["missing"]
        found[answer.json["activity_id"]] = answer.json
    return found


class ByHand:
    """Filters activities one by one, as the page of the search describes its filters."""

    def __init__(
        self,
        activities: Mapping[str, dict[str, Any]],
        providers: Mapping[str, tuple[str, bool]],
        boards: Mapping[str, str],
        today: date,
    ) -> None:
        """Take activities as they are stored, providers with their names, and boards by name."""
        self.activities = activities
        self._providers = providers
        self._boards = boards
        self._today = today.isoformat()

    def fitting(self, asked: Mapping[str, Any], leaving_out: str = "") -> list[str]:
        """Return the ids of the activities that fit a query."""
        kept = {name: value for name, value in asked.items() if name != leaving_out}
        return [id for id, activity in self.activities.items() if self._fits(activity, kept)]

    def facets(self, asked: Mapping[str, Any]) -> dict[str, dict[str, int]]:
        """Count the values of every facet beside all other filters."""
        counted: dict[str, dict[str, int]] = {}
        for facet in PassportFacet:
            values: Counter[str] = Counter()
            for id in self.fitting(asked, leaving_out=facet.value):
                values.update(self._counted(self.activities[id], facet.value, asked))
            counted[facet.value] = dict(values)
        return counted

    def _counted(self, activity: dict[str, Any], facet: str, asked: Mapping[str, Any]) -> set[str]:
        """Return the values under which an activity counts: of its registrations, of those that fit the others."""
        if facet not in ("board", "credit_type"):
            return self._values(activity, facet)
        kept = {name: value for name, value in asked.items() if name != facet}
        fitting = [one for one in activity["moc"] if self._registered(activity, one, kept)]
        if facet == "board":
            return {one["board"] for one in fitting}
        return {plain(name) for one in fitting for name in one["credit_types"]}

    def _values(self, activity: dict[str, Any], facet: str) -> set[str]:
        listing, place = activity["listing"], activity["location"] or {}
        match facet:
            case "specialty":
                return {plain(name) for name in listing["specialties"] or ()}
            case "activity_format":
                return {activity["format"]}
            case "delivery_method":
                return set(activity["delivery_methods"])
            case "state":
                return {
                    {"maine": "ME", "me": "ME", "tn": "TN"}.get(plain(name), plain(name))
                    for name in [place.get("state")]
                    if name
                }
            case "city" | "country":
                return {plain(name) for name in [place.get(facet)] if name}
            case "fee" | "registration":
                return {listing[facet]} if listing[facet] else set()
            case "moc" | "rems" | "mips":
                return {str(bool(activity[facet])).lower()}
            case "profession":
                return {plain(name) for name in (activity["joint_accreditation"] or {}).get("professions") or ()}
            case "interprofessional":
                return {str(bool((activity["joint_accreditation"] or {}).get("interprofessional"))).lower()}
            case _:
                return {str(self._providers[activity["provider_id"]][1]).lower()}

    def _fits(self, activity: dict[str, Any], asked: Mapping[str, Any]) -> bool:
        if asked.get("past") != "true" and activity["end_date"] < self._today:
            return False
        if activity["end_date"] < asked.get("activity_from", "") or activity["start_date"] > asked.get(
            "activity_to", "9"
        ):
            return False
        if (
            not float(asked.get("credits_from", 0))
            <= activity["ama_pra_credits"]
            <= float(asked.get("credits_to", 1e9))
        ):
            return False
        of_registration = {"board", "credit_type", "moc_points_from", "moc_points_to"} & asked.keys()
        if of_registration and not any(self._registered(activity, one, asked) for one in activity["moc"]):
            return False
        texts = (activity["title"], activity["description"], self._providers[activity["provider_id"]][0])
        words = set(_WORDS.findall(plain(" ".join((*texts, (activity["location"] or {}).get("city") or "")))))
        for word in _WORDS.findall(plain(asked.get("q", ""))):
            if word not in words and not (len(word) > 2 and any(known.startswith(word) for known in words)):
                return False
        return all(self._has(activity, facet.value, asked) for facet in PassportFacet if facet.value in asked)

    def _has(self, activity: dict[str, Any], facet: str, asked: Mapping[str, Any]) -> bool:
        if facet in ("board", "credit_type"):
            return True
        values = asked[facet] if isinstance(asked[facet], list) else [asked[facet]]
        if facet == "state":
            values = [{"maine": "ME", "me": "ME", "tn": "TN"}.get(plain(value), plain(value)) for value in values]
        elif facet == "profession":
            values = [{"rn": "nurse"}.get(plain(value), plain(value)) for value in values]
        elif facet in ("specialty", "city", "country"):
            values = [plain(value) for value in values]
        elif facet == "activity_format":
            values = [{"Journal CME": "journal-cme"}.get(value, value) for value in values]
        return not self._values(activity, facet).isdisjoint(values)

    def _registered(self, activity: dict[str, Any], one: dict[str, Any], asked: Mapping[str, Any]) -> bool:
        def several(name: str) -> list[str]:
            return asked[name] if isinstance(asked[name], list) else [asked[name]]

        points = one["points"] if one["points"] is not None else activity["ama_pra_credits"]
        if not float(asked.get("moc_points_from", 0)) <= points <= float(asked.get("moc_points_to", 1e9)):
            return False
        if "board" in asked and one["board"] not in [self._boards.get(name, name) for name in several("board")]:
            return False
        wanted = {plain(name).replace("-", " ") for name in several("credit_type")} if "credit_type" in asked else None
        return wanted is None or not wanted.isdisjoint(plain(name).replace("-", " ") for name in one["credit_types"])
