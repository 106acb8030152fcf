"""A form as it is drawn: what stands in its fields, and what is said of them, there and in the summary on top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from app.core.errors import ErrorItem, Problem
from app.domain.amounts import say_what_it_is
from app.domain.findings import Finding
from app.schemas.problems import rule_url
from app.services.row_findings import say_in_tables

_TYPE = "type"
_NO_HTML_ID = re.compile(r"[^A-Za-z0-9_-]+")


class OfferedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that would satisfy a rule, to be taken with one click if it is true."""

    pointer: str
    value: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a field, or of the whole form."""

    pointer: str
    """The name of the field; empty for the whole form."""
    severity: Literal["no", "warn"] = "no"
    text: str
    hint: str = ""
    rule_address: str = ""
    record_address: str = ""
    """The record that stands in the way, if one does."""
    offers: tuple[OfferedValue, ...] = ()


class SummaryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A finding in the summary on top of a form."""

    anchor: str
    """The id of the field that it leads to; empty where the page has none."""
    text: str
    hint: str
    """What to do; empty where the field says it."""


class DrawnForm:
    """The values of a form and what is said of them.

    Fields make themselves known as they are drawn, by `draw`; a summary that is drawn after them leads to each, and
    says in full what no field says.
    """

    def __init__(
        self,
        fields: Mapping[str, Sequence[str]] | None = None,
        said: Iterable[Said] = (),
        *,
        prefix: str = "f",
        takes: bool = False,
    ) -> None:
        """Tell several forms of one page apart by `prefix`, which begins the ids of their fields.

        `takes` says that the page takes what findings offer: a button `take` of pointer, blank and value.
        """
        self.fields: Mapping[str, Sequence[str]] = fields or {}
        self.said = list(said)
        self.takes = takes
        self._prefix = prefix
        self._labels: dict[str, str] = {}

    def value(self, name: str) -> str:
        """Return what stands in a field, empty where nothing does."""
        return next(iter(self.fields.get(name, ())), "")

    def has(self, name: str, value: str = "true") -> bool:
        """Whether a box is ticked, or a choice taken."""
        return value in self.fields.get(name, ())

    def places(self, pointer: str) -> list[str]:
        """Return the pointers of the filled places of a list, in their order: `/cme/0`, `/cme/1`."""
        length = len(pointer) + 1
        found = {name[length:].partition("/")[0] for name in self.fields if name.startswith(f"{pointer}/")}
        return [
            f"{pointer}/{place}"
            for place in sorted((part for part in found if part.isdecimal() and len(part) < 5), key=int)
        ]

    def id(self, name: str) -> str:
        """Return the id of a field."""
        return self._prefix + "-" + _NO_HTML_ID.sub("-", name).strip("-")

    def draw(self, name: str, label: str) -> str:
        """Note that a field is drawn, under a label; return its id."""
        self._labels[name] = label
        return self.id(name)

    def label(self, name: str) -> str:
        """Return the label under which a field, or the nearest around it, was drawn; else its name in words."""
        around = name
        while around and around not in self._labels:
            around = around.rpartition("/")[0]
        return self._labels[around] if around else name.strip("/").replace("_", " ").replace("/", ", ")

    def said_of(self, name: str, *, within: bool = True) -> list[Said]:
        """Return what is said of a field, and of what is within it unless that is drawn by itself."""
        return [said for said in self.said if said.pointer == name or (within and said.pointer.startswith(f"{name}/"))]

    @property
    def faults(self) -> int:
        """How many findings refuse the form."""
        return sum(said.severity == "no" for said in self.said)

    @property
    def warnings(self) -> int:
        """How many findings warn only."""
        return len(self.said) - self.faults

    def summary(self, severity: str) -> list[SummaryLine]:
        """Return the findings of a severity, each leading to the nearest field that was drawn."""
        return [self._line(said) for said in self.said if said.severity == severity]

    def _line(self, said: Said) -> SummaryLine:
        name = said.pointer
        while name and name not in self._labels:
            name = name.rpartition("/")[0]
        if not name:
            return SummaryLine(anchor="", text=said.text, hint=said.hint)
        label = self._labels[name]
        text = said.text if label.lower() in said.text.lower() else f"{label}: {said.text}"
        return SummaryLine(anchor=self.id(name), text=text, hint="" if name == said.pointer else said.hint)


def said_about_record(hint: str, completion_id: str | None, home: str, **given: Any) -> Said:
    """Return what is said of a record, with a link to the completion in its way: its id says nothing to people.

    There is no link on pages of nobody's records, where `home` is empty.
    """
    if completion_id is None:
        return Said(hint=hint, **given)
    named = hint.replace(f"completion {completion_id}", "the earlier record")
    return Said(hint=named, record_address=f"{home}/completions/{completion_id}" if home else "", **given)


def said_of_problem(problem: Problem, fields: Mapping[str, Sequence[str]] | None = None, home: str = "") -> list[Said]:
    """Return the findings of a refused form, warnings as well.

    `fields` is what was typed; `home` is the provider's, where its records have links.
    """
    findings: Sequence[Mapping[str, Any]] = problem.extra.get("findings", ())
    if findings:
        return [
            said_about_record(
                say_in_tables(finding["hint"]),
                finding["completion_id"],
                home,
                pointer=finding["pointer"],
                severity="no" if finding["severity"] == "reject" else "warn",
                text=finding["detail"],
                rule_address=finding["rule_url"],
                offers=_offers((one["pointer"], one["value"]) for one in finding["suggestions"]),
            )
            for finding in findings
        ]
    return [_said_of_item(item, fields or {}) for item in problem.faults]


def said_of_findings(findings: Iterable[Finding], home: str = "") -> list[Said]:
    """Return the findings of a record, as those of a stored one or of a preview; `home` as in `said_of_problem`."""
    return [
        said_about_record(
            say_in_tables(finding.hint),
            finding.completion_id,
            home,
            pointer=finding.pointer,
            severity="no" if finding.rejects else "warn",
            text=finding.detail,
            rule_address=rule_url(finding.rule),
            offers=_offers((one.pointer, one.value) for one in finding.suggestions),
        )
        for finding in findings
    ]


def _offers(suggested: Iterable[tuple[str, str | float]]) -> tuple[OfferedValue, ...]:
    return tuple(
        OfferedValue(pointer=pointer, value=value if isinstance(value, str) else f"{value:g}")
        for pointer, value in suggested
    )


def _said_of_item(item: ErrorItem, fields: Mapping[str, Sequence[str]]) -> Said:
    pointer = item.pointer or ""
    text, hint = item.detail, item.hint or ""
    typed = next(iter(fields.get(pointer, ())), None)
    if item.code == _TYPE and typed is not None:
        # The schema speaks of JSON; who typed a text where a number belongs has never heard of it.
        text, hint = say_what_it_is(typed, "a number"), "Write digits, with a point before decimals: 1.25."
    return Said(pointer=pointer, text=text, hint=hint, rule_address=item.rule_url or "")
