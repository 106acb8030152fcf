"""A problem: an answer that refuses a request, and the faults that it lists. Its kinds are in `app/core/errors.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class ErrorItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault of a request, and where it is; what is None is left out of the answer."""

    code: str
    pointer: str | None = None
    """JSON Pointer into the body; empty for the body as a whole."""
    parameter: str | None = None
    """Name of a query or path parameter."""
    header: str | None = None
    detail: str
    hint: str | None = None
    rule_url: str | None = None
    completion_id: str | None = None
    """The completion that stands in the way."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.parameter or self.header or self.pointer or "the body as a whole"

    @property
    def sentence(self) -> str:
        """What is wrong and where; a sentence that names its place, or is of the whole body, does so already."""
        named = not (self.parameter or self.header or self.pointer) or self.place.lower() in self.detail.lower()
        return self.detail if named else f"{self.place}: {self.detail}"


def fault_at(pointer: str, detail: str, hint: str) -> ErrorItem:
    """Return the fault of a value of the body that cannot be taken as it is; `hint` says what can."""
    return ErrorItem(code="format", pointer=pointer, detail=detail, hint=hint)


class Problem(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = ""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[ErrorItem] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.detail = detail or _detail_of(errors) or type(self).explanation()
        super().__init__(self.detail)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    @property
    def faults(self) -> tuple[ErrorItem, ...]:
        """The faults it lists; when it lists none, the problem itself as one."""
        return self.errors or (ErrorItem(code=self.code, detail=self.detail),)

    @classmethod
    def title(cls) -> str:
        """Return the short text that is the same for every problem of this kind."""
        return (cls.__doc__ or "").strip().splitlines()[0].rstrip(".")

    @classmethod
    def explanation(cls) -> str:
        """Return what there is to say about every problem of this kind beyond its title."""
        return " ".join((cls.__doc__ or "").partition("\n\n")[2].split())


def _detail_of(errors: Sequence[ErrorItem]) -> str:
    """Return the detail of a problem that lists faults: the only one and its place, else the first places."""
    if len(errors) < 2:
        return errors[0].sentence if errors else ""
    places = list(dict.fromkeys(error.place for error in errors))
    more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    return f"{len(errors)} faults, at {', '.join(places[:_PLACES])}{more}: see errors."


_PLACES = 5
"""At most so many places of faults are named in a detail."""
