"""Parts of PARS documents: one description from which both written forms and both published schemas are made."""

from __future__ import annotations

import enum
from functools import cached_property

import msgspec


class Content(enum.StrEnum):
    """What the text of an element or attribute is."""

    NOTHING = "nothing"
    """Only other elements."""
    TEXT = "text"
    AMOUNT = "amount"
    """Credit, in steps of 0.25."""
    MONEY = "money"
    """An amount of money."""
    WHOLE = "whole"
    """A whole number."""
    YES_NO = "yes-no"
    """`true` and `false`; `Yes` and `No` are read as well."""
    DAY = "day"
    """A day, or an instant of which only the written day counts."""
    BIRTH_DATE = "birth-date"
    """Month and day; a year before them is never stored."""


class Occurs(enum.StrEnum):
    """How often an element stands in another."""

    ONCE = "once"
    SOMETIMES_AGAIN = "sometimes-again"
    """Nearly always once: JSON has a list only where there are several."""
    MANY = "many"
    """Always a list in JSON; one that stands alone is read without it, too."""


class Part(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An element, or an attribute of one."""

    name: str
    says: str
    """What it is, for whoever fills it in."""
    holds: Content = Content.NOTHING
    values: tuple[str, ...] = ()
    """The values that are taken, in the words of the field; none where any text is."""
    longest: int | None = None
    attributes: tuple[Part, ...] = ()
    parts: tuple[Part, ...] = ()
    """The elements within, in the order in which they are written. They are read in any order."""
    occurs: Occurs = Occurs.ONCE
    required: bool = False
    namespace: str = ""
    """Under which it is written. It is read under any."""

    @cached_property
    def by_name(self) -> dict[str, Part]:
        """What stands in it, by name: elements, and attributes where no element has the name."""
        return {part.name: part for part in (*self.attributes, *self.parts)}

    @cached_property
    def attribute_names(self) -> frozenset[str]:
        """Names of its attributes."""
        return frozenset(part.name for part in self.attributes)

    @cached_property
    def elements(self) -> dict[str, Part]:
        """The elements in it, by name; without `value` and names of attributes, which may be meant instead."""
        return {part.name: part for part in self.parts if part.name not in self.attribute_names | {"value"}}

    @property
    def may_repeat(self) -> bool:
        """Whether it may stand there several times."""
        return self.occurs is not Occurs.ONCE

    @property
    def is_text_alone(self) -> bool:
        """Whether it is written in JSON as one value, not as an object."""
        return self.holds is not Content.NOTHING and not self.attributes and not self.parts

    @cached_property
    def tag(self) -> str:
        """Its name as elements have it, with the namespace in front."""
        return f"{{{self.namespace}}}{self.name}" if self.namespace else self.name
