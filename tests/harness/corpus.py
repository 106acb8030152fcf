"""The corpus of hostile requests: what `tests/corpus/*.toml` says, as bytes to be sent and as what may come back.

`tests/corpus/README.md` tells how an item is written.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).resolve().parents[1] / "corpus"
BOUNDARY = b"b0undary"
_TAG = re.compile(r"<<((?:(?!<<|>>).)*)>>", re.S)
"""The innermost of `<<name>>`, `<<1000*text>>`, `<<xff00>>`."""
_REPEATED = re.compile(r"(\d+)\*(.*)", re.S)
_HEX = re.compile(r"x([0-9a-f]{2})+")

_FRAMING = {"content-length", "transfer-encoding", "connection", "expect", "upgrade", "trailer", "te"}

Texts = tuple[str, ...]


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One hostile request, and what is expected of its answer."""

    id: str
    what: str = msgspec.field(name="is")
    request: str = ""
    """Method and target; empty where `head` says both."""
    by: str | None = "provider"
    """Whose key is sent: `provider`, `board` or `operator`; `nobody` for none."""
    headers: Texts = ()
    """Lines; one that names a header that would be sent anyway stands in its place."""
    head: Texts = ()
    """All lines of the head, in place of `request`, `by` and `headers`."""
    ending: str = "<<crlf>>"
    """What ends the lines of a `head`."""
    base: str = ""
    """The name of a good body."""
    at: str | None = None
    """JSON Pointer into the good body at which `to` stands, in place of what stood there."""
    to: str = ""
    """JSON, or what claims to be."""
    body: str | None = None
    cut: bool = False
    """Whether the sender says no more after this, though something is missing."""

    status: tuple[int, ...]
    """Each of which may be answered; 0 for a connection that ends without an answer."""
    code: Texts = ()
    """Codes of the problem, each of which may be answered."""
    error: str = ""
    """Error of RFC 6749, at the one door that refuses in its shape."""
    fault: str = ""
    """Code of the only item in `errors`, or of several."""
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    says: str = ""
    """Words in the answer."""
    answers: int = 1
    """How many answers the bytes have a right to; one more would be somebody else's."""

    @property
    def refused(self) -> bool:
        """Whether nothing that the item says may be stored."""
        return min(self.status) == 0 or max(self.status) >= 400

    @property
    def alone(self) -> bool:
        """Whether the connection ends with the answer: nothing of the item says how long a message is, or goes on."""
        named = {line.partition(":")[0].strip().lower() for line in self.headers}
        return not (self.head or self.cut or named & _FRAMING or any("<<crlf>>" in line for line in self.headers))

    @property
    def method(self) -> str:
        return (self.request or self.head[0]).partition(" ")[0]


def read_items() -> list[Item]:
    """Return every item of every file, one for each of the places and requests of its group."""
    found = [item for path in sorted(FOLDER.glob("*.toml")) for item in _of_file(path)]
    repeated = [name for name, times in Counter(item.id for item in found).items() if times > 1]
    assert not repeated, f"two items have one id: {repeated}"
    return found


def written(items: Iterable[Item]) -> set[str]:
    """Return the ids as they are written: without the places and requests for which an item stands."""
    return {item.id.partition(" @")[0] for item in items}


def _of_file(path: Path) -> Iterator[Item]:
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["group"]:
        assert group.pop("what"), path
        items = group.pop("items")
        for given in items:
            yield from _of_group(group | given)


def _of_group(given: dict[str, Any]) -> Iterator[Item]:
    places, requests, value = given.pop("places", None), given.pop("requests", None), given.pop("value", "")
    for name in ("status", "code"):
        if name in given and not isinstance(given[name], list):
            given[name] = [given[name]]
    for request in requests or [None]:
        for place in places or [None]:
            one = dict(given)
            if request is not None:
                one |= {"request": request.replace("<<id>>", value), "id": f"{one['id']} @ {request}"}
            if place is not None:
                one |= {"at": place, "id": f"{one['id']} @ {place}"}
                one.setdefault("pointer", place)
            yield msgspec.convert(one, Item)


class Speaker:
    """The tongue in which items are said: good bodies, keys and ids of one installation, by name."""

    def __init__(self, pieces: Mapping[str, bytes], bodies: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        self._pieces = dict(pieces) | {"crlf": b"\r\n"}
        self._pieces |= {name: json.dumps(body).encode() for name, body in bodies.items()}
        self._pieces |= {f"{name}-key": key.encode() for name, key in keys.items()}
        self._bodies = bodies

    def say(self, text: str) -> bytes:
        """Return the bytes of a text with its tags filled in."""
        latin = text.encode().decode("latin-1")
        while _TAG.search(latin):
            latin = _TAG.sub(self._filled, latin)
        return latin.encode("latin-1")

    def _filled(self, tag: re.Match[str]) -> str:
        said = tag[1]
        if repeated := _REPEATED.fullmatch(said):
            return repeated[2] * int(repeated[1])
        if _HEX.fullmatch(said):
            return bytes.fromhex(said[1:]).decode("latin-1")
        return self._pieces[said].decode("latin-1")

    def sent(self, item: Item) -> bytes:
        """Return the whole of a request."""
        body = self._body(item)
        if item.head:
            ending = self.say(item.ending)
            return b"".join(self.say(line) + ending for line in item.head) + ending + (body or b"")
        lines = [self.say(line) for line in item.headers]
        named = {line.partition(b":")[0].strip().lower() for line in lines}
        lines += [line for line in self._usual(item, body) if line.partition(b":")[0].lower() not in named]
        return b"\r\n".join([self.say(item.request) + b" HTTP/1.1", *lines, b"", body or b""])

    def _usual(self, item: Item, body: bytes | None) -> Iterator[bytes]:
        yield b"Host: pars.example"
        if item.alone:
            yield b"Connection: close"
        if item.by != "nobody":
            yield b"Authorization: Bearer " + self._pieces[f"{item.by}-key"]
        if body is not None:
            yield b"Content-Type: application/json"
            if not any(line.lower().startswith("transfer-encoding") for line in item.headers):
                yield b"Content-Length: %d" % len(body)

    def _body(self, item: Item) -> bytes | None:
        if item.body is not None:
            return self.say(item.body)
        if not item.base:
            return None
        if item.at is None:
            return self._pieces[item.base]
        before, after = json.dumps(put(self._bodies[item.base], item.at, "@@")).encode().split(b'"@@"')
        return before + self.say(item.to) + after


def put(body: Any, place: str, value: Any) -> Any:
    """Return the body with a value at a JSON Pointer."""
    changed = copy.deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in place.split("/")[1:]]
    inside = changed
    for part in way:
        inside = inside[part]
    inside[last] = value
    return changed


@cache
def corpus() -> tuple[Item, ...]:
    """Return the whole corpus, read once."""
    return tuple(read_items())
