"""Charts as numbers: where each bar stands in the drawing, and the same rows as texts for the table beneath it.

Scales begin at 0. Under five values, and where all are 0, there is a sentence in the place of a drawing; there
are never more than 26 bars.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from app.console.words import amount

Shape: TypeAlias = Literal["solid", "striped", "alarm"]
"""How a series is drawn, so that it is told apart without its colour."""
FEWEST, MOST = 5, 26
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 440, 190, 54, 14, 28
_GAP = 0.34
"""The part of a bar's place that stays empty."""
_BETWEEN = 1.5
_MARK = 8
"""Height of the triangle that stands over bars of which a part is an alarm."""
_LETTER = 9.5
"""About how wide a letter of a bar's name is where it is largest: on a phone, which shrinks the drawing."""


class Series(msgspec.Struct, frozen=True):
    """What one part of each bar counts."""

    name: str
    shape: Shape = "solid"


class Measured(msgspec.Struct, frozen=True):
    """A bar: its name, and a value of each series."""

    name: str
    values: tuple[float, ...]


class BarPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a bar, from its upper edge."""

    shape: Shape
    y: float
    height: float


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar as it is drawn."""

    x: float
    width: float
    parts: tuple[BarPart, ...]
    mark: str
    text: str
    text_at: float
    anchor: Literal["middle", "end"]
    """Whether its name stands beneath its middle, or ends where the drawing ends: it would be cut off otherwise."""


class GridLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line across the drawing, and what it stands for."""

    at: float
    text: str


class ChartRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table beneath a chart."""

    name: str
    texts: tuple[str, ...]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of bars as it is drawn; `sentence` stands in its place where there is too little to draw."""

    id: str
    heading: str
    description: str
    across: str
    series: tuple[Series, ...]
    rows: tuple[ChartRow, ...]
    bars: tuple[Bar, ...]
    grid: tuple[GridLine, ...]
    goal: GridLine | None
    sentence: str
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """A bar that lies beside its name, and leads to what it counts."""

    name: str
    text: str
    share: float
    """Its length, the longest being 100."""
    address: str


class Ranks(msgspec.Struct, frozen=True, kw_only=True):
    """Bars that lie beneath each other."""

    id: str
    heading: str
    across: str
    series: tuple[Series, ...]
    """The one that is counted."""
    rows: tuple[ChartRow, ...]
    bars: tuple[Rank, ...]


def draw_bars(
    id: str,
    heading: str,
    description: str,
    *,
    across: str,
    series: Sequence[Series],
    measured: Sequence[Measured],
    unit: str = "",
    top: float | None = None,
    goal: tuple[float, str] | None = None,
) -> Chart:
    """Return a chart of stacked bars, the last ones where there are more than fit.

    `description` is the sentence that stands for the drawing; `across` is what the bars are, such as "Week". The scale
    ends at `top` where that is given. `goal` is a value with its name, drawn as a line.
    """
    shown = measured[-MOST:]
    highest = top or max((sum(bar.values) for bar in shown), default=0) or 1
    ceiling = top or _ceiling(highest)
    drawn = _HEIGHT - _TOP - _BOTTOM

    def at(value: float) -> float:
        return round(_TOP + drawn * (1 - value / ceiling), 1)

    # Where the scale ends by itself, bars of nothing but 0 would stand beside a scale of nothing.
    enough = len(shown) >= FEWEST and (top is not None or any(sum(bar.values) for bar in shown))
    return Chart(
        id=id,
        heading=heading,
        description=description,
        across=across,
        series=tuple(series),
        rows=tuple(ChartRow(name=bar.name, texts=tuple(amount(value) + unit for value in bar.values)) for bar in shown),
        bars=tuple(_draw_bars(shown, series, at)) if enough else (),
        grid=tuple(GridLine(at=at(value), text=amount(value) + unit) for value in (0, ceiling / 2, ceiling)),
        goal=GridLine(at=at(goal[0]), text=goal[1]) if goal is not None else None,
        sentence="" if enough else description,
    )


def rank(id: str, heading: str, counted: Sequence[tuple[str, float, str]], *, across: str) -> Ranks:
    """Return bars of (name, lines, address), the longest first; `across` is what the bars are, such as "Board"."""
    ordered = sorted(counted, key=lambda bar: -bar[1])[:MOST]
    longest = max((value for _, value, _ in ordered), default=0) or 1
    bars = [
        Rank(name=name, text=amount(value), share=round(100 * value / longest, 1), address=address)
        for name, value, address in ordered
    ]
    return Ranks(
        id=id,
        heading=heading,
        across=across,
        series=(Series("Lines"),),
        rows=tuple(ChartRow(name=bar.name, texts=(bar.text,)) for bar in bars),
        bars=tuple(bars),
    )


def _draw_bars(measured: Sequence[Measured], series: Sequence[Series], at: Callable[[float], float]) -> list[Bar]:
    place = (_WIDTH - _LEFT) / len(measured)
    width = round(place * (1 - _GAP), 1)
    named = math.ceil((max(len(bar.name) for bar in measured) + 1) * _LETTER / place)
    bars: list[Bar] = []
    for number, bar in enumerate(measured):
        x = round(_LEFT + place * number + place * _GAP / 2, 1)
        parts: list[BarPart] = []
        below, alarm = 0.0, False
        for value, kind in zip(bar.values, series, strict=True):
            if value > 0:
                upper = at(below + value)
                height = max(round(at(below) - upper - (_BETWEEN if below else 0), 1), 0.5)
                parts.append(BarPart(shape=kind.shape, y=upper, height=height))
                alarm |= kind.shape == "alarm"
            below += value
        tip = at(below) - 3
        middle, half = x + width / 2, min(width / 2, _MARK * 0.6)
        mark = f"M{middle - half:.1f} {tip:.1f}h{2 * half:.1f}l{-half:.1f} {-_MARK}z" if alarm else ""
        # The last bar always has its name, and none so near to it that they would touch.
        from_end = len(measured) - 1 - number
        beyond = middle + len(bar.name) * _LETTER / 2 > _WIDTH
        bars.append(
            Bar(
                x=x,
                width=width,
                parts=tuple(parts),
                mark=mark,
                text="" if from_end % named else bar.name,
                text_at=_WIDTH if beyond else middle,
                anchor="end" if beyond else "middle",
            )
        )
    return bars


def _ceiling(highest: float) -> float:
    """Return the end of a scale that a value fits under: a round number whose half is round as well."""
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if highest <= step * power)
