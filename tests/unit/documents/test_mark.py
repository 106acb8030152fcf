"""The provider's mark: a drawing with the service's name that needs nothing where it is shown, and its sentence."""

from __future__ import annotations

import struct

import pytest
from lxml import etree

from app.documents import mark
from app.documents.mark import PNG_DOTS, mark_as_png, mark_as_svg, mark_sentence

NORTHERN = "Continuing Education Reporting Service of the Northern States"
SVG = "{http://www.w3.org/2000/svg}"


def size_of(svg: str) -> tuple[float, float]:
    """Return width and height in points."""
    _, _, width, height = etree.fromstring(svg).get("viewBox").split()
    return float(width), float(height)


def test_the_sentence_is_the_slides_with_the_name_and_the_address_of_this_service() -> None:
    assert mark_sentence("PARS", "https://cme.example.org/passport") == (
        "The CME credits that physicians earn from this activity will be submitted to PARS, a free, centralized web "
        "application where you can create a personalized account to view, track, and generate transcripts of your "
        "reported CME credit. Visit https://cme.example.org/passport to create your account."
    )


def test_the_drawing_carries_its_own_letters_and_nothing_that_a_page_would_refuse() -> None:
    tree = etree.fromstring(mark_as_svg("PARS"))
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} == {"svg", "g", "path", "use", "defs", "symbol"}
    assert tree.get("role") == "img" and tree.get("aria-label") == "PARS: Learner credit is reported for you"
    names = {name for element in tree.iter() for name in element.keys()}  # noqa: SIM118
    assert not {name for name in names if name == "style" or name.startswith("on")}
    assert all(link.startswith("#") for link in tree.xpath("//@*[local-name()='href']"))


@pytest.mark.parametrize("name", ["A & B \"C\" <d onload='x'>", "*bold* #title() $x$ \\"])
def test_a_name_is_never_markup(name: str) -> None:
    tree = etree.fromstring(mark_as_svg(name))
    assert tree.get("aria-label") == f"{name}: Learner credit is reported for you"
    assert len(list(tree.iter(f"{SVG}use"))) > len(list(etree.fromstring(mark_as_svg("P")).iter(f"{SVG}use"))) + 10


@pytest.mark.parametrize("name", ["PARS", NORTHERN, "\u0394\u03ae\u03bc\u03bf\u03c2", "\u5c71\u7530", "x" * 60])
def test_both_forms_are_of_one_size_and_the_same_each_time(name: str) -> None:
    width, height = size_of(mark_as_svg(name))
    assert width < 400 and height < 130, "a long name goes on in the next line"
    png = mark_as_png(name)
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == pytest.approx((width * PNG_DOTS / 72, height * PNG_DOTS / 72), abs=1)
    mark._draw.cache_clear()
    assert mark_as_png(name) == png
