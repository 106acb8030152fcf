"""Groups of elements in activity documents that say one thing together: support, outcomes, credit, participants.

Each function yields the fields of the activity by their pointers. What a group says besides, and a record has no place
for, is added to what is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.domain.batches import Element
from app.domain.identity.comparison_keys import code_key
from app.domain.joint_accreditation import OTHERS, PHYSICIAN, profession_named
from app.domain.reports import Amount
from app.files.cells import read_amount, read_dollars, read_whole, read_yes_no
from app.files.elements import local_name
from app.files.mapping.activity_bodies import supporter_of
from app.files.mapping.named_elements import NamedElements, leaves, named_within, written_in
from app.files.mapping.refusals import refusal

_AMA = "amapracategory1"
_SOURCE, _AMOUNT = "/commercial_support/{n}/source", "/commercial_support/{n}/amount"
_JOINT = "/joint_accreditation"
_DOLLARS = frozenset({"", "usd", "usdollar", "usdollars"})
_COUNTS, _PHYSICIAN = "/learner_counts/professions", code_key(PHYSICIAN)
_OF_BOARD = re.compile(r"\A(?:\d+_)?(.+?)(?:MCO)?\Z", re.IGNORECASE)
"""The board of a selection from an outline: `ABA`, or `01_ABAMCO` for the first of the anaesthesiologists'."""
_USUAL = frozenset({"", "level3id"})
"""What the numbers in an outline are by themselves."""

Fields = Iterator[tuple[str, Any]]


def read_credits(elements: NamedElements) -> Fields:
    """Yield the amount of AMA PRA credit, credit of other professions, and the joint providers that stand beside it."""
    pointer, joint = "/ama_pra_credits", f"{_JOINT}/credits"
    amounts: list[Amount] = []
    others: dict[str, Amount] = {}
    for credits in elements.named("credits"):
        kind = elements.one_of(f"{joint}/0", credits, "activityCertification")
        of_kind = [read_amount(text) for text in _amounts_in(credits)]
        if not kind or code_key(kind).startswith(_AMA):
            amounts += of_kind
        else:
            said = [amount for amount in (others.get(kind), *of_kind) if amount is not None]
            elements.texts.refuse_different(map(str, said), joint, f"credits of {kind}")
            others[kind] = next(iter(said), None)
    numbers = [amount for amount in amounts if isinstance(amount, float)]
    elements.texts.refuse_different(map(str, numbers), pointer, "credits")
    yield pointer, next(iter(numbers), next(iter(amounts), None))
    yield "/joint_providers", elements.texts_of("/joint_providers/0", elements.named("nonAccreditedProvider"))
    yield joint, list(others.items())
    yield "/listing/specialties", elements.texts_of("/listing/specialties/0", elements.named("specialty"))


def _amounts_in(credits: Element) -> Iterator[str]:
    """Yield what is written as an amount: in an attribute, in the element itself, or in one within."""
    aside = ("activityCertification", "nonAccreditedProvider")
    yield from (text for name, text in credits.get("a", {}).items() if local_name(name) == "numberOfCredits")
    for leaf in leaves(credits):
        if local_name(leaf["n"]) not in aside and (text := leaf.get("t")):
            yield text


def read_support(elements: NamedElements) -> Fields:
    """Yield the commercial support: Yes or No, and who gave how much, or gave something other than money."""
    supporters: list[dict[str, Any]] = []
    for support in elements.named("commercialSupport"):
        source, amount = written_in(support, "source"), written_in(support, "amount")
        in_kind = elements.texts.convert(read_yes_no, written_in(support, "inKind"), _SOURCE)
        if source is None and amount is None:
            answer = elements.texts.convert(read_yes_no, support.get("t"), "/commercial_support")
            if answer is not None:
                yield "/commercial_support", answer
            continue
        supporters.append(_supporter(elements, source, amount, in_kind) | (supporter_of(source) if source else {}))
    for support in elements.named("commercialSupportAmount"):
        source = written_in(support, "supportSource", "source")
        amount = support.get("t") or written_in(support, "value", "amount")
        supporters.append(_supporter(elements, source, amount, None))
        if code_key(written_in(support, "currency") or "") not in _DOLLARS:
            elements.unkept["currency of commercialSupportAmount"] = None
    for support in elements.named("InKindSupport"):
        source = written_in(support, "source") or support.get("t")
        supporters.append(_supporter(elements, source, written_in(support, "amount"), True))
    yield "/commercial_support/supporters", [given for given in supporters if given.get("source") or given["amount"]]


def _supporter(elements: NamedElements, source: str | None, amount: str | None, in_kind: bool | None) -> dict[str, Any]:
    kept = elements.text(_SOURCE, source)
    return {
        "source": kept,
        "amount": elements.texts.convert(read_dollars, amount, _AMOUNT),
        "in_kind": in_kind,
    }


def read_outcomes(elements: NamedElements) -> Fields:
    """Yield the measured outcomes, each with how it was measured: in both ways, it is there twice."""
    pointer = "/measured_outcomes"
    found: list[Any] = []
    for group in elements.named("MeasuredOutcomes"):
        given = [leaf for leaf in leaves(group) if local_name(leaf["n"]) != "MeasurementType"]
        outcomes = elements.texts_of(f"{pointer}/0", given)
        types = elements.texts_of(f"{pointer}/0", named_within(group, "MeasurementType"))
        if not types:
            found += outcomes
        elif len(outcomes) == 1:
            found += [f"{outcomes[0]} ({type})" for type in dict.fromkeys(types)]
        else:
            found += _in_order(elements, group)
    yield pointer, found


def _in_order(elements: NamedElements, group: Element) -> Iterator[str]:
    """Yield several outcomes of one group: each has the types that stand after it."""
    pointer = "/measured_outcomes/0"
    outcome, types = None, list[str]()
    for leaf in leaves(group):
        text = elements.text(pointer, leaf.get("t"))
        if text is None:
            continue
        if local_name(leaf["n"]) != "MeasurementType":
            yield from _said(outcome, types)
            outcome, types = text, []
        elif outcome is None:
            elements.texts.findings.append(_WHOSE_TYPE)
        else:
            types.append(text)
    yield from _said(outcome, types)


def _said(outcome: str | None, types: list[str]) -> list[str]:
    if outcome is None:
        return []
    return [f"{outcome} ({type})" for type in dict.fromkeys(types)] or [outcome]


_WHOSE_TYPE = refusal(
    "format",
    "/measured_outcomes",
    "A MeasurementType stands before several outcomes: it is not clear which of them it is about.",
    "Send one MeasuredOutcomes for each outcome.",
)


def read_participants(elements: NamedElements) -> Fields:
    """Yield how many took part: physicians, all others, and of these how many of each profession that is told."""
    counted: dict[str, list[int]] = {}
    named: dict[str, str] = {}
    for group in elements.named("participantsByCategory"):
        category = elements.text(f"{_COUNTS}/0/profession", written_in(group, "category")) or "other"
        number = elements.texts.convert(
            read_whole, written_in(group, "numberOfParticipants") or group.get("t"), "/learner_counts"
        )
        if number is not None:
            name = profession_named(category) or category
            named.setdefault(code_key(name), name)
            counted.setdefault(code_key(name), []).append(number)
    for numbers in counted.values():
        elements.texts.refuse_different(map(str, numbers), "/learner_counts", "participantsByCategory of one category")
    by_category = {category: numbers[0] for category, numbers in counted.items()}
    others = {category: number for category, number in by_category.items() if category != _PHYSICIAN}
    counts = {"physicians": by_category.get(_PHYSICIAN), "others": sum(others.values()) if others else None}
    stated = {"physicians": "PhysicianLearners", "others": "OtherLearners"}
    for field, name in stated.items():
        pointer = f"/learner_counts/{field}"
        given = [
            elements.texts.convert(read_whole, text, pointer)
            for text in elements.texts_of(pointer, elements.named(name))
        ]
        told = [number for number in (*given, counts[field]) if number is not None]
        elements.texts.refuse_different(map(str, told), pointer, name)
        yield pointer, next(iter(told), None)
    yield _COUNTS, [(named[category], number) for category, number in others.items() if category not in OTHERS]


def add_outlines(elements: NamedElements, boards: list[dict[str, Any]]) -> bool:
    """Add the places in outlines to the boards that they are of; return False where some have no board here.

    Those beside the registrations that name no board can only be those of the one board that there is.
    """
    placed = [_selection(elements, selection) for selection in elements.named("ContentOutlineSelections")]
    placed += _keywords(elements)
    nameless = elements.texts_of("/moc/0/content_outline/0", elements.named("ContentOutline"))
    placed += [("", text) for text in nameless]
    all_placed = True
    for source, text in placed:
        board = _board_of(source, boards)
        if board is None:
            all_placed = False
        elif text and text not in board["content_outline"]:
            board["content_outline"].append(text)
    return all_placed


def _board_of(source: str, boards: list[dict[str, Any]]) -> dict[str, Any] | None:
    parts = _OF_BOARD.match(source)
    key = code_key(parts[1]) if parts is not None else ""
    named = [board for board in boards if key and code_key(board.get("board") or "") == key]
    if named:
        return named[0]
    # The full name of a board is as good as its code, but only the catalogue knows both.
    alone = len(boards) == 1 and (not key or " " in (boards[0].get("board") or "").strip())
    return boards[0] if alone else None


def _selection(elements: NamedElements, selection: Element) -> tuple[str, str]:
    """Return the board of a selection, and its place in the outline: one text, whatever it is made of."""
    keys = named_within(selection, "ContentOutlineKeys") or [selection]
    parts = [
        (written_in(key, "ContentKeyword"), written_in(key, "ContentKeywordValue") or key.get("t")) for key in keys
    ]
    return written_in(selection, "ContentOutlineSource") or "", _place(elements, parts)


def _keywords(elements: NamedElements) -> Iterator[tuple[str, str]]:
    """Yield the places that keywords give, one for each source."""
    by_source: dict[str, list[tuple[str | None, str | None]]] = {}
    for keyword in elements.named("keyword"):
        text = written_in(keyword, "string") or keyword.get("t")
        by_source.setdefault(written_in(keyword, "source") or "", []).append((written_in(keyword, "id"), text))
    for source in sorted(by_source):
        yield source, _place(elements, by_source[source])


def _place(elements: NamedElements, parts: Iterable[tuple[str | None, str | None]]) -> str:
    """Return `1.2.3, Tag ID: 4`."""
    texts = [
        text.strip() if code_key(kind or "") in _USUAL else f"{kind}: {text.strip()}"
        for kind, text in parts
        if text and text.strip()
    ]
    return elements.text("/moc/0/content_outline/0", ", ".join(texts)) or ""
