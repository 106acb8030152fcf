"""Names, sizes and places of modules: every fault of the repository at once, with its reason in the check."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from enum import Enum

import app.domain
from app.domain.batches import FileFormat
from tests.structure import checks
from tests.structure.checks import Source, sources

APP = sources("app")
OURS = [*APP, *sources("tests", "benchmarks")]
EVERYTHING = [*OURS, *sources("migrations", "examples")]


def none_of(faults: Iterable[str], check: Callable[..., object]) -> None:
    """Assert that a check found nothing; else list all that it found, below its reason."""
    found = list(faults)
    assert not found, "\n".join([str(check.__doc__), *found])


def within(source: Source, *folders: str) -> bool:
    return any(source.path.startswith(f"{folder}/") for folder in folders)


def enums_of_the_domain() -> dict[str, set[str]]:
    """Return the texts of every enum that the domain declares."""
    found: dict[str, set[str]] = {}
    for module in pkgutil.iter_modules(app.domain.__path__, "app.domain."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and issubclass(value, Enum) and value.__module__ == module.name:
                found[name] = {member.value for member in value}
    return found


def test_files_and_functions_keep_their_size() -> None:
    none_of((fault for source in EVERYTHING for fault in checks.oversized(source)), checks.oversized)


def test_no_folder_is_a_drawer() -> None:
    none_of(checks.crowded_folders(source.path for source in EVERYTHING), checks.crowded_folders)


def test_a_class_name_stands_for_one_idea() -> None:
    found = [source for source in APP if not within(source, "app/schemas", "app/simulator")]
    none_of(checks.repeated_class_names(found), checks.repeated_class_names)


def test_no_column_is_read_by_its_number() -> None:
    found = [source for source in sources("app") if not within(source, "app/store/sql")]
    none_of((fault for source in found for fault in checks.numbered_columns(source)), checks.numbered_columns)


def test_schemas_take_their_values_from_the_enums() -> None:
    enums = enums_of_the_domain()
    assert len(enums) > 10
    none_of(
        (fault for source in sources("app/schemas") for fault in checks.repeated_enums(source, enums)),
        checks.repeated_enums,
    )


def test_nothing_outside_the_files_room_asks_for_a_format() -> None:
    found = [source for source in APP if not within(source, "app/files")]
    none_of((fault for source in found for fault in checks.chosen_formats(source)), checks.chosen_formats)


def test_every_file_format_is_one_entry() -> None:
    formats = importlib.import_module("app.files.formats")
    assert set(formats.FORMATS) == set(FileFormat)


def test_a_loop_variable_says_what_it_holds() -> None:
    none_of((fault for source in OURS for fault in checks.nameless_loops(source)), checks.nameless_loops)


def test_every_test_module_lies_under_the_folder_of_what_it_tests() -> None:
    found = [source for source in sources("tests") if source.path.rpartition("/")[2].startswith("test_")]
    none_of((fault for source in found for fault in checks.misplaced(source)), checks.misplaced)
