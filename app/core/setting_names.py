"""Names of environment variables that begin as ours do and are no setting: misspelt ones, others', unknown ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher

PREFIX = "PARS_"
OTHER_NAMES = frozenset(
    {
        "API_KEY",
        "DATABASE_PASSWORD",
        "HYPOTHESIS",
        "KEY",
        "PROVIDER",
        "SERVE_WORKER",
        "TEST_KEY",
        "URL",
        "WEBHOOK_SECRET",
    }
)
"""Variables beside the settings that this repository uses, without the prefix: compose.yaml's `.env`, the examples,
guides and `pars listen`, the test suite, and what a server tells its own processes."""
_OTHER_FAMILIES = re.compile(
    r"(BENCH|FUZZ)_\w+|"
    # A cluster sets these in every container, for each service whose name begins as our variables do.
    r"(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_WORDS = {"DB": "DATABASE", "DSN": "URL", "URI": "URL", "DIRECTORY": "DIR", "FOLDER": "DIR", "MAX": "LIMIT"}
"""What other services call the same: `PARS_DB_URI` is as near as a slip of the finger."""
_SHORT_FORMS = {"DATABASE": "DATABASE_URL", "DATA": "DATA_DIR", "SECRET": "SECRET_KEY", "SUPPORT": "SUPPORT_CONTACT"}
_MOST_DIFFERENT = 3
"""How many letters, of both names together, may stand in one only: two wrong ones count four, two swapped ones two."""


def find_unknown_names(environment: Collection[str], settings: Collection[str]) -> Mapping[str, str | None]:
    """Return the names in an environment that begin as ours do and are unknown, each with the setting it is near to.

    `settings` are names of fields, as `database_url`. A setting may be written in any case.
    """
    known = {name.upper() for name in settings}
    unknown = {}
    for name in sorted(environment):
        given = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or given in known | OTHER_NAMES or _OTHER_FAMILIES.fullmatch(given):
            continue
        meant = _nearest(given, known)
        unknown[name] = meant and PREFIX + meant
    return unknown


def _nearest(given: str, known: Collection[str]) -> str | None:
    """Return the setting that a name is a slip of, None when there is none."""
    words = "_".join(_WORDS.get(word, word) for word in re.split(r"[^A-Z0-9]+", given) if word)
    words = _SHORT_FORMS.get(words, words)
    if words in known:
        return words
    different = {
        name: min(_count_different(words, name), _count_different(_singular(words), _singular(name)))
        for name in sorted(known)
    }
    nearest = min(different, key=different.__getitem__, default=None)
    return nearest if nearest is not None and different[nearest] <= _MOST_DIFFERENT else None


def _singular(name: str) -> str:
    """Return a name with each of its words in the singular."""
    return "_".join(re.sub(r"IES\Z", "Y", word).removesuffix("S") for word in name.split("_"))


def _count_different(one: str, other: str) -> int:
    one, other = one.replace("_", ""), other.replace("_", "")
    matched = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return len(one) + len(other) - 2 * sum(block.size for block in matched)
