"""`pars registry generate`: the same people every time, into the registry or into a file of either shape."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.context import Service
from app.services.registry import imports
from app.services.registry.generating import files as synthetic_files
from app.services.registry.generating.physicians import physicians_of
from app.services.registry.imports import ImportCounts
from app.services.registry.national import imports as nppes
from app.services.registry.row_reading import read_row
from tests.builders.judging import CATALOGUE
from tests.harness.databases import ON_SQLITE
from tests.harness.processes import Installation, installation

COUNT = 1_500


def generated(service: Service, count: int, seed: int = 11) -> ImportCounts:
    counts = ImportCounts()
    synthetic_files.import_physicians(service, count, seed, counts)
    return counts


def test_again_with_the_same_seed_nobody_is_added_and_more_add_the_rest(service: Service) -> None:
    first = generated(service, COUNT)
    assert (first.added, first.refused, first.pairs) == (COUNT, [], [])
    again = generated(service, COUNT)
    assert (again.added, again.updated, again.unchanged, again.refused) == (0, 0, COUNT, [])
    more = generated(service, COUNT + 10)
    assert (more.added, more.unchanged) == (10, COUNT)


def test_the_file_that_is_written_describes_the_same_people(service: Service, tmp_path: Path) -> None:
    generated(service, COUNT)
    for name in ("physicians.csv", "physicians.csv.gz"):
        path = tmp_path / name
        synthetic_files.write_physicians(path, service.catalogue, COUNT, 11)
        counts = imports.import_file(service, path)
        assert (counts.added, counts.updated, counts.unchanged, counts.refused) == (0, 0, COUNT, [])


def test_physicians_list_themselves_in_a_provider_file_and_are_found_again(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "npidata.csv.gz"
    synthetic_files.write_nppes(path, service.catalogue, COUNT, 11)
    listed = nppes.import_file(service, path)
    assert 0.1 * COUNT < listed.added < 0.2 * COUNT
    assert listed.refused == []
    assert nppes.import_file(service, path).unchanged == listed.added
    known = generated(service, COUNT)
    assert (known.added, known.updated) == (COUNT - listed.added, listed.added)
    assert (known.refused, known.conflicts) == ([], [])


def test_a_line_of_the_file_is_read_as_it_was_meant() -> None:
    for person in physicians_of(CATALOGUE, 400, 3):
        cells = dict(zip(imports.COLUMNS, synthetic_files.cells_of(person), strict=True))
        read = read_row(cells, CATALOGUE)
        assert read.with_keys() == person.with_keys()
        assert [held.dates for held in read.licenses] == [held.dates for held in person.licenses]


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        yield opened


@ON_SQLITE
def test_the_command_generates_imports_and_never_writes_over_a_file(installed: Installation, tmp_path: Path) -> None:
    done = installed.run("registry", "generate", "40", "--seed", "7")
    assert (done.returncode, done.stdout) == (
        0, "added 40, updated 0, unchanged 0, refused 0, conflicts 0, pairs 0\n",
    )  # fmt: skip
    path = tmp_path / "rows.csv.gz"
    written = installed.run("registry", "generate", "200", "--seed", "7", "--format", "nppes", "--out", str(path))
    assert (written.returncode, written.stdout) == (0, f"200 rows in {path}\n")
    content = path.read_bytes()
    assert len(gzip.decompress(content).splitlines()) == 201
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = installed.run("registry", "generate", "9", "--out", str(path))
    assert (again.returncode, path.read_bytes()) == (1, content)
    assert again.stderr == f"pars: {path} is there already: name a new file.\n"
    listed = installed.run("registry", "import", "--format", "nppes", str(path), "--json")
    assert listed.returncode == 0
    assert '"organisations": ' in listed.stdout
    lost = installed.run("registry", "generate", "9", "--out", str(tmp_path / "nowhere" / "rows.csv"))
    assert (lost.returncode, lost.stderr) == (1, "pars: There is no folder for rows.csv.\n")


@ON_SQLITE
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("generate", "9", "--format", "nppes"), "pars: --format nppes makes a file: name it with --out.\n"),
        (("generate", "999999999"), "pars: There are 200,000,000 NPIs: N can be no more.\n"),
        (
            ("import", "none.csv", "--credit-licences"),
            "pars: --credit-licences is for --format nppes: what other files say of licences is credited anyway.\n",
        ),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    installed: Installation, arguments: tuple[str, ...], sentence: str
) -> None:
    done = installed.run("registry", *arguments)
    assert (done.returncode, done.stderr) == (1, sentence)
