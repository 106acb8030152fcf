"""Name frequencies: which share of people bears a surname or a given name.

Counted in the 2020 Census of the United States, see `data/README.md`. The lists are part of the version of the
weights: a name is as common tomorrow as it is today, whoever joins the registry.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_PER = 100_000


def surname_share(form: str) -> float:
    """Return the share of people with a surname, between 0 and 1; 0.0 for one that fewer than 5 in a million have.

    `form` has lower-case letters only, as in `obrien` or `ortizrivera`. Among N people, N times the share have it.
    """
    return _shares("surnames.tsv").get(form, 0.0)


def given_share(form: str) -> float:
    """Return the share of people with a given name, between 0 and 1; 0.0 for one that fewer than 5 in a million have.

    `form` has lower-case letters only, as in `maryann`. Both sexes are counted together.
    """
    return _shares("given_names.tsv").get(form, 0.0)


@cache
def _shares(name: str) -> dict[str, float]:
    """Read a list when it is first asked for: some 20,000 lines in a few milliseconds."""
    text = files("app.matching").joinpath("data", name).read_text("ascii")
    return {form: float(share) / _PER for form, share in (line.split("\t") for line in text.splitlines())}
