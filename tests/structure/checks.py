"""The house's rules about source text: each yields its faults, with the place and the reason.

Every check is seen to find a made-up fault in `test_checks`, and held against the repository in the modules beside it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, MODULES = 400, 60, 30
INSTALLATION = frozenset({"api", "http", "service", "wire", "database_url", "app", "postgres", "world"})
"""Fixtures that give a test an installation with a database."""


@dataclass(frozen=True)
class Source:
    """A Python file: its path from the root of the repository, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def imported(self) -> set[str]:
        """Modules that it imports, each with the names taken from it."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return found

    @property
    def arguments(self) -> set[str]:
        """Names of the arguments of its functions, which are fixtures where those are tests."""
        functions = [node for node in self.nodes if isinstance(node, ast.FunctionDef)]
        return {argument.arg for function in functions for argument in function.args.args}


def sources(*folders: str) -> list[Source]:
    """Read the Python files of some folders."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [_read(str(path.relative_to(ROOT))) for path in paths]


def oversized(source: Source) -> Iterator[str]:
    """Readable projects differ from the others in their largest files only: the tail is what is kept short."""
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield f"{source.path}: {lines} lines, more than {FILE_LINES}"
    if source.path.startswith("migrations/"):
        return  # A migration is a list of tables, read once.
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{source.path}:{node.lineno}: {node.name} has {length} lines, more than {FUNCTION_LINES}"


def crowded_folders(paths: Iterable[str]) -> Iterator[str]:
    """A folder of more modules than a reader takes in at a glance is a drawer: it is cut into rooms with names."""
    modules = [path for path in paths if not path.endswith("/__init__.py")]
    for folder, count in sorted(Counter(path.rpartition("/")[0] for path in modules).items()):
        if count > MODULES:
            yield f"{folder}: {count} modules, more than {MODULES}"


def repeated_class_names(found: Iterable[Source]) -> Iterator[str]:
    """A class name stands for one idea: who reads it need not ask which of two is meant."""
    places = defaultdict(list)
    for source in found:
        for node in source.nodes:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{source.path}:{node.lineno}")
    for name, where in sorted(places.items()):
        if len(where) > 1:
            yield f"class {name} stands at {', '.join(where)}"


def numbered_columns(source: Source) -> Iterator[str]:
    """A column read by its number is another column as soon as a query changes: rows are taken apart by names."""
    for node in source.nodes:
        if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "row"):
            continue
        if _is_number(node.slice):
            yield f"{source.path}:{node.lineno}: {ast.unparse(node)}"


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int


def repeated_enums(source: Source, enums: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Values stand in one list: a Literal that repeats an enum, or two of its values, falls behind it unseen."""
    for node in source.nodes:
        if not (isinstance(node, ast.Subscript) and ast.unparse(node.value).rpartition(".")[2] == "Literal"):
            continue
        given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        values = {value.value for value in given if isinstance(value, ast.Constant)}
        repeated = [name for name, members in enums.items() if len(values) > 1 and values <= set(members)]
        if repeated:
            yield f"{source.path}:{node.lineno}: {ast.unparse(node)} repeats {' or '.join(sorted(repeated))}"


def chosen_formats(source: Source) -> Iterator[str]:
    """What a file format does stands in its entry of FORMATS: nothing else asks which format it has before it."""
    for node in source.nodes:
        asked: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            asked = [node.value]
        for expression in asked:
            members = expression.elts if isinstance(expression, ast.Tuple | ast.Set | ast.List) else [expression]
            for member in members:
                if isinstance(member, ast.Attribute) and ast.unparse(member.value) == "FileFormat":
                    yield f"{source.path}:{member.lineno}: {ast.unparse(member)}"


def nameless_loops(source: Source) -> Iterator[str]:
    """A loop variable says what it holds: `for credit in credits`."""
    for node in source.nodes:
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name) and name.id == "each":
                    loop = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)[:60]}"
                    yield f"{source.path}:{name.lineno}: {loop}"


FOLDERS: Mapping[str, re.Pattern[str]] = {
    "api": re.compile(r""),
    "benchmarks": re.compile(r"benchmarks\."),
    "browser": re.compile(r""),
    "concurrency": re.compile(r"threading|tests\.harness\.wire\.at_once|concurrent\."),
    "console": re.compile(r""),
    "docs": re.compile(r""),
    "model": re.compile(r"tests\.model\."),
    "openapi": re.compile(r"tests\.harness\.contract|app\.main|app\.routers|app\.core\.http|fastapi|openapi"),
    "recovery": re.compile(r""),
    "store": re.compile(r"app\.store|app\.models|app\.core\.database|migrations"),
    "structure": re.compile(r""),
    "unit": re.compile(r""),
}
"""Folders of tests, each with what its modules import; an empty pattern asks for nothing."""


def misplaced(source: Source) -> Iterator[str]:
    """Tests lie under what they test: who changes a room finds its tests, and who runs a folder knows what it takes."""
    parts = source.path.split("/")[1:]
    if len(parts) < 2 or parts[0] not in FOLDERS:
        yield f"{source.path}: lies in no folder of tests ({', '.join(FOLDERS)})"
        return
    needs = INSTALLATION & source.arguments
    if parts[0] in ("unit", "api") and len(parts) != 3:
        yield f"{source.path}: lies in no room of {parts[0]}"
    elif parts[0] == "unit":
        if needs:
            yield f"{source.path}: a unit test needs no {', '.join(sorted(needs))}"
        built_with = {name for path in _builders(source) for name in _read(path).imported}
        if not any(name.startswith(f"app.{parts[1]}") for name in source.imported | built_with):
            yield f"{source.path}: tests nothing of app.{parts[1]}"
    elif parts[0] == "api" and not needs:
        yield f"{source.path}: uses no installation, so it is a unit test"
    elif not any(FOLDERS[parts[0]].match(name) for name in source.imported):
        yield f"{source.path}: imports nothing that {parts[0]} is about"


def _builders(source: Source) -> set[str]:
    """Return the paths of the builders that a test module uses: what these build of is what it tests."""
    names = {".".join(name.split(".")[:3]) for name in source.imported if name.startswith("tests.builders.")}
    return {f"{name.replace('.', '/')}.py" for name in names}


@cache
def _read(path: str) -> Source:
    return Source(path, (ROOT / path).read_text(encoding="utf-8"))
