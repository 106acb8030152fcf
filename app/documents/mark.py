"""The provider's mark: a drawing with the service's name, for activities whose credit is reported, and its sentence."""

from __future__ import annotations

import html
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec
import typst

from app.documents.fonts import load_fonts
from app.documents.letters import DAGGER, Letters

SAYING = "Learner credit is reported for you"
PNG_DOTS = 288
"""Dots an inch: four to a point, sharp in print and on any screen."""
_TEMPLATE = Path(__file__).with_name("mark.typ")
_LINE = 34
"""Letters of the service's name in a line."""


def mark_sentence(service_name: str, address: str) -> str:
    """Return the sentence that a provider shows beside the mark; `address` is where physicians make their account."""
    return (
        "The CME credits that physicians earn from this activity will be submitted to "
        f"{service_name}, a free, centralized web application where you can create a personalized account to view, "
        f"track, and generate transcripts of your reported CME credit. Visit {address} to create your account."
    )


def mark_as_svg(service_name: str, *, font_folder: Path | None = None) -> str:
    """Return the mark as SVG; letters are drawn, so that it needs no font where it is shown.

    Raises `ConfigurationError` where `font_folder` cannot be used.
    """
    drawn = _draw(service_name, font_folder, "svg").decode()
    label = html.escape(f"{service_name}: {SAYING}")
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def mark_as_png(service_name: str, *, font_folder: Path | None = None) -> bytes:
    """Return the mark as PNG on white. Raises `ConfigurationError` where `font_folder` cannot be used."""
    return _draw(service_name, font_folder, "png")


@lru_cache(maxsize=8)
def _draw(service_name: str, font_folder: Path | None, format: Literal["svg", "png"]) -> bytes:
    fonts = load_fonts(font_folder)
    name = Letters(fonts).set(service_name, longest=_LINE).removesuffix(DAGGER)
    content = {"families": fonts.families, "lines": textwrap.wrap(name, _LINE), "saying": SAYING}
    drawn: bytes = typst.compile(
        str(_TEMPLATE),
        root=str(_TEMPLATE.parent),
        font_paths=fonts.fonts,
        ignore_system_fonts=True,
        format=format,
        ppi=PNG_DOTS,
        sys_inputs={"content": msgspec.json.encode(content).decode()},
    )
    return drawn
