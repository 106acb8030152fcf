"""Nicknames: two given names that one person is called by, such as William and Bill, José and Pepe.

They are evidence, never a key. A pair is one step: William is Bill and Bill is Billy, but nothing follows from that
for William and Billy, who stand in the list themselves. `data/README.md` tells where the pairs are from.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_LISTS = ("nicknames.tsv", "short_forms.tsv")


def is_nickname(one: str, other: str) -> bool:
    """Return True if one of two different given names is short for the other, or another spelling of it.

    Both have lower-case letters only, as in `jose`; the order does not matter.
    """
    pairs = _pairs()
    return (one, other) in pairs or (other, one) in pairs


@cache
def _pairs() -> frozenset[tuple[str, str]]:
    """Read the lists when they are first asked for: a name, a tab, and its short forms apart by spaces."""
    pairs: set[tuple[str, str]] = set()
    for name in _LISTS:
        for line in files("app.matching").joinpath("data", name).read_text("ascii").splitlines():
            long, tab, short_forms = line.partition("\t")
            if tab:
                pairs.update((long, short) for short in short_forms.split(" "))
    return frozenset(pairs)
