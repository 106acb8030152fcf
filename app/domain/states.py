"""States of licence: the fifty states, the District of Columbia and the territories."""

from __future__ import annotations

from app.domain.identity.comparison_keys import code_key

STATES: dict[str, str] = {
    "AL": "Alabama", "AK": "Alaska", "AS": "American Samoa", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida",
    "GA": "Georgia", "GU": "Guam", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa",
    "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska",
    "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York",
    "NC": "North Carolina", "ND": "North Dakota", "MP": "Northern Mariana Islands", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "PR": "Puerto Rico", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VI": "Virgin Islands",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
"""Postal codes and names of every jurisdiction that licenses physicians."""

_OTHER_NAMES = {
    "Washington DC": "DC", "Washington D.C.": "DC", "US Virgin Islands": "VI", "U.S. Virgin Islands": "VI",
    "Virgin Islands of the United States": "VI", "Commonwealth of the Northern Mariana Islands": "MP",
}  # fmt: skip

_BY_KEY = {code_key(text): code for code, name in STATES.items() for text in (code, name)} | {
    code_key(text): code for text, code in _OTHER_NAMES.items()
}


def find_state(text: str) -> str | None:
    """Return the two-letter code of a state, given its code or name; None if unknown."""
    return _BY_KEY.get(code_key(text))
