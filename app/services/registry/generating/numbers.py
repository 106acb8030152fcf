"""Numbers of synthetic licences and certifications: each board writes them in its own style, and gives none twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd
from random import Random

import msgspec


class NumberStyle(msgspec.Struct, frozen=True):
    """How a board writes its numbers: digits of the first ones, width after zero padding, prefix and suffix."""

    digits: int
    width: int
    prefix: str = ""
    suffix: str = ""


_LICENCE_STYLES: Mapping[str, NumberStyle] = {
    "CA-M": NumberStyle(6, 6, "A"),
    "CA-O": NumberStyle(5, 5, "20A"),
    "NY-M": NumberStyle(6, 6),
    "TX-M": NumberStyle(5, 5, "Q"),
    "FL-M": NumberStyle(6, 7, "ME"),
    "FL-O": NumberStyle(5, 5, "OS"),
    "PA-M": NumberStyle(6, 6, "MD", "L"),
    "PA-O": NumberStyle(5, 6, "OS"),
    "IL-M": NumberStyle(6, 6, "036."),
    "OH-M": NumberStyle(6, 6, "35."),
    "MI-M": NumberStyle(6, 6, "4301"),
    "MI-O": NumberStyle(6, 6, "5101"),
    "VA-M": NumberStyle(6, 6, "0101"),
    "ZZNC": NumberStyle(5, 6, "20-"),
    "TN-M": NumberStyle(6, 7, "MD"),
    "ME-M": NumberStyle(5, 5, "MD"),
    "NJ-M": NumberStyle(6, 8, "25MA"),
    "WA-M": NumberStyle(6, 8, "MD"),
    "MD-M": NumberStyle(6, 7, "D"),
}
"""None of these can make a number that the demo world uses; a test holds it."""
_OTHER_LICENCE_STYLES = (
    NumberStyle(5, 6),
    NumberStyle(5, 5),
    NumberStyle(6, 7),
    NumberStyle(5, 5, "MD"),
    NumberStyle(5, 5, "M-"),
    NumberStyle(5, 6, "D."),
    NumberStyle(6, 6),
)
_CERTIFICATE_STYLES: Mapping[str, NumberStyle] = {
    "ABIM": NumberStyle(6, 6),
    "ABA": NumberStyle(7, 7),
    "ABP": NumberStyle(6, 6),
    "ABPath": NumberStyle(6, 6),
    "ABO": NumberStyle(6, 6),
}
_OTHER_CERTIFICATE_STYLES = (NumberStyle(6, 6), NumberStyle(5, 5), NumberStyle(7, 7))


class Permutation:
    """A permutation of `range(size)` that looks random, computed for each place without a table.

    A quadratic polynomial permutes the residues of a size made of twos, threes and fives when its
    linear factor is coprime to them and its quadratic one is a multiple of 30. Its last digits still
    alternate, so the halves of the digits are exchanged and another polynomial is applied.
    """

    __slots__ = ("_high", "_low", "_quadratics", "_size")

    def __init__(self, size: int, rng: Random) -> None:
        self._size = size
        self._low = 10
        while size % (self._low * 10) == 0 and (self._low * 10) ** 2 <= size:
            self._low *= 10
        self._high = size // self._low
        self._quadratics = (*_quadratic(size, rng), *_quadratic(size, rng))

    def __call__(self, place: int) -> int:
        """Return the number at a place."""
        a, b, c, d, e, f = self._quadratics
        high, low = divmod(((a * place + b) * place + c) % self._size, self._low)
        place = low * self._high + high
        return ((d * place + e) * place + f) % self._size


def _quadratic(size: int, rng: Random) -> tuple[int, int, int]:
    linear = rng.randrange(size)
    while gcd(linear, 30) != 1:
        linear = rng.randrange(size)
    return 30 * rng.randrange(1, size), linear, rng.randrange(size)


class NumberSeries:
    """The numbers of one board, none given twice: first all of one length, permuted, then of one digit more.

    Values begin with 1 to 8, so that lengths never meet and six nines, a favourite of examples, stay free.
    """

    __slots__ = ("_low", "_permute", "_rng", "_size", "_style", "_used")

    def __init__(self, style: NumberStyle, rng: Random) -> None:
        self._style = style
        self._rng = rng
        self._open(10 ** (style.digits - 1))

    def _open(self, low: int) -> None:
        self._low, self._size, self._used = low, 8 * low, 0
        self._permute = Permutation(self._size, self._rng)

    def next_number(self) -> str:
        """Return the next number."""
        if self._used == self._size:
            self._open(self._low * 10)
        value = self._low + self._permute(self._used)
        self._used += 1
        style = self._style
        return f"{style.prefix}{str(value).zfill(style.width)}{style.suffix}"


def license_numbers(board: str, seed: int) -> NumberSeries:
    """Return the series of a licensing board."""
    return NumberSeries(_style(board, _LICENCE_STYLES, _OTHER_LICENCE_STYLES), Random(f"{board} {seed}"))


def certificate_numbers(board: str, seed: int) -> NumberSeries:
    """Return the series of a certifying board."""
    return NumberSeries(_style(board, _CERTIFICATE_STYLES, _OTHER_CERTIFICATE_STYLES), Random(f"{board} {seed}"))


def _style(code: str, known: Mapping[str, NumberStyle], others: Sequence[NumberStyle]) -> NumberStyle:
    """Return the board's style, or one chosen by its code; not by `hash`, which differs from run to run."""
    return known.get(code) or others[sum(code.encode()) % len(others)]
