"""Whether an installation is well, in about eleven lines: what `pars doctor` looks at. It makes and changes nothing."""

from __future__ import annotations

import enum
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from app import __version__
from app.core.config import SHORT_SECRET, Settings
from app.core.database.engines import find_damage
from app.core.database.failures import DAMAGED
from app.core.database.transactions import Database
from app.core.errors import OperatorFault, Problem
from app.core.private_files import readable_by_others
from app.core.setting_names import PREFIX, find_unknown_names
from app.services.operations.key_versions import find_other_version
from app.services.operations.refusals import faults_explained, name_of
from app.services.operations.startup import read_catalogue
from app.store import backlog, commits, schema
from app.store.sql.statements import fetch_value, on_sqlite
from app.store.sql.values import read_instant

LOOK_SECONDS = 2.0
"""How long a SQLite file is looked through for damage; `pars check` looks through all of it."""
LEAST_FREE, LITTLE_FREE = 512 * 2**20, 4 * 2**30
"""Bytes free on a disk, below which nothing good can come, and below which it is time to look."""
MOST_APART = timedelta(seconds=5)
"""How far this machine's clock and the database's may be apart."""
LONG_WAIT, TOO_LONG = 60, 300
"""Seconds that a piece of work waits while all is well, and from which on nobody seems to do it."""


_NOT_SERVED = "no server runs, `pars serve` is one"


class Health(enum.StrEnum):
    """How well a part of the installation is."""

    OK = "ok"
    """It is well."""
    NOTE = "note"
    """It works; the operator should know."""
    WRONG = "wrong"
    """It does not work, or soon will not."""


class Diagnosis(msgspec.Struct, frozen=True):
    """How well one part of the installation is."""

    part: str
    health: Health
    says: str
    """What was found, and what to do about it; no secret."""


def diagnose() -> Iterator[Diagnosis]:
    """Yield how well each part is, as soon as it is known; parts that depend on one that is wrong are left out."""
    yield Diagnosis("program", Health.OK, f"pars {__version__}, Python {platform.python_version()} on {sys.platform}")
    try:
        settings = Settings.read(quiet=True)
        address = settings.sqlalchemy_url
    except OperatorFault as fault:
        yield Diagnosis("settings", Health.WRONG, str(fault))
        return
    yield _look_at_settings(settings)
    yield _look("secret", partial(_look_at_secret, settings))
    yield _look("data folder", partial(_look_at_folder, settings))
    yield _look("board files", partial(_look_at_boards, settings))
    yield _look("signing key", partial(_look_at_signing_key, settings, datetime.now(UTC)))
    yield _look("disk", partial(_look_at_disk, settings))
    file = settings.sqlite_file
    if file is not None and not file.exists():
        yield Diagnosis("database", Health.WRONG, f"There is no {file}: `pars db upgrade` or `pars serve` makes it.")
        return
    database: Database | None = None
    try:
        with faults_explained(settings):
            database = Database(address, pool_size=2, stall_limit=settings.stall_limit)
            with database.read_engine.connect():
                # What it cannot do is raised as it is, and told here alone.
                pass
            found = _look_at_database(settings, database)
            yield found
            if found.health is Health.WRONG:
                return
            yield from database.read(lambda connection: list(_look_inside(settings, connection)))
    except (OperatorFault, Problem) as fault:
        yield Diagnosis("database", Health.WRONG, str(fault))
    finally:
        if database is not None:
            database.close()


def _look(part: str, look: Callable[[], tuple[Health, str]]) -> Diagnosis:
    try:
        health, says = look()
    except OperatorFault as fault:
        health, says = Health.WRONG, str(fault)
    except OSError as error:
        health, says = Health.WRONG, f"{error.filename or part} cannot be used: {error.strerror}."
    return Diagnosis(part, health, says)


def _look_at_settings(settings: Settings) -> Diagnosis:
    unknown = find_unknown_names(os.environ, Settings.model_fields)
    names = sorted(PREFIX + name.upper() for name in settings.model_fields_set)
    says = f"{len(names)} set: {', '.join(names)}" if names else "none set, all have their defaults"
    if unknown:
        return Diagnosis("settings", Health.NOTE, f"{says}; unknown, without effect: {', '.join(unknown)}")
    return Diagnosis("settings", Health.OK, says)


def _look_at_secret(settings: Settings) -> tuple[Health, str]:
    if settings.secret_key is None and settings.on_sqlite:
        path = settings.data_dir / "secret-key"
        if path.exists():
            return Health.OK, f"in {path}: keep a copy, for without it no key is valid"
        file = settings.sqlite_file
        if file is None or not file.exists():
            return Health.OK, f"made in {path} by the first start"
    parts = [part.strip() for part in (settings.secret_key or "").split(",") if part.strip()]
    if any(len(part) < SHORT_SECRET for part in parts):
        return Health.NOTE, "PARS_SECRET_KEY is short: use 32 random characters or more"
    given = settings.secrets()
    return Health.OK, "PARS_SECRET_KEY" + (f", {len(given) - 1} older beside the signing one" if len(given) > 1 else "")


def _look_at_folder(settings: Settings) -> tuple[Health, str]:
    folder = settings.data_dir.absolute()
    if folder.exists() and not folder.is_dir():
        return Health.WRONG, f"{folder} is a file, and PARS_DATA_DIR has to name a folder"
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Health.WRONG, f"{there} cannot be written by this user: change its owner, or set PARS_DATA_DIR"
    if not folder.exists():
        return Health.OK, f"{folder}, made by the first start"
    open_paths = readable_by_others([folder, *folder.glob("secret-key"), *folder.glob("demo-*")])
    if open_paths:
        return Health.NOTE, f"others can read it: chmod -R go= {folder}"
    return Health.OK, str(folder)


def _look_at_boards(settings: Settings) -> tuple[Health, str]:
    catalogue = read_catalogue(settings)
    own = settings.data_dir / "catalogue"
    return Health.OK, f"{len(catalogue.boards)} boards" + (f", some from {own}" if own.is_dir() else "")


def _look_at_signing_key(settings: Settings, now: datetime) -> tuple[Health, str]:
    """Look at the key of transcripts; with one that is given, a page is signed, for nothing else tells that it fits."""
    # Imported where it is looked at: what prints and signs takes longer to load than all the rest.
    from app.documents.signing_keys import key_in_use
    from app.services.passport import certificates

    path = settings.transcript_key
    if path is None:
        own = key_in_use(settings.transcript_keys)
        if own is None:
            return Health.OK, f"made in {settings.transcript_keys} by the first transcript"
        until = f"{own.certificate.not_after:%Y-%m-%d}"
        return Health.OK, f"in {settings.transcript_keys}, until {until}; renewed by itself"
    found = certificates.look_at_key(path, now)
    named = f"PARS_TRANSCRIPT_KEY, {found.certificate.subject}, until {found.certificate.not_after:%Y-%m-%d}"
    if found.faults:
        return Health.WRONG, f"{named}: {' '.join(found.faults)} Look at another with `pars transcript check-key`"
    if found.days_left < certificates.SOON:
        return Health.NOTE, f"{named}: {' '.join(found.notes)} Put a new one in its place before"
    if readable_by_others([path]):
        return Health.NOTE, f"others can read {path}: chmod go= {path}"
    return Health.OK, f"{named}. {' '.join(found.notes)}".strip(" .")


def _look_at_disk(settings: Settings) -> tuple[Health, str]:
    places = {"data folder": settings.data_dir.absolute()}
    file = settings.sqlite_file
    if file is not None:
        places["database"] = file
    free = {
        name: shutil.disk_usage(next(path for path in (place, *place.parents) if path.exists())).free
        for name, place in places.items()
    }
    least = min(free.values())
    says = ", ".join(f"{_bytes(left)} free for the {name}" for name, left in free.items())
    if len(set(free.values())) == 1:
        says = f"{_bytes(least)} free for the {' and the '.join(free)}"
    if least < LEAST_FREE:
        return Health.WRONG, f"{says}: make room, before writes are refused"
    return (Health.NOTE if least < LITTLE_FREE else Health.OK), says


def _look_at_database(settings: Settings, database: Database) -> Diagnosis:
    damage = find_damage(database.read_engine, LOOK_SECONDS)
    if damage is not None:
        return Diagnosis("database", Health.WRONG, f"{name_of(settings)}: {DAMAGED} (Found: {damage})")
    return Diagnosis("database", Health.OK, database.read(partial(_describe, settings)))


def _describe(settings: Settings, connection: Connection) -> str:
    if on_sqlite(connection):
        size = fetch_value(connection, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return f"SQLite {sqlite3.sqlite_version}, {name_of(settings)}, {_bytes(size)}"
    version = fetch_value(connection, "SELECT current_setting('server_version')")
    size = fetch_value(connection, "SELECT pg_database_size(current_database())")
    return f"PostgreSQL {str(version).split()[0]}, {name_of(settings)}, {_bytes(size)}"


def _look_inside(settings: Settings, connection: Connection) -> Iterator[Diagnosis]:
    """Yield what the database itself tells: its schema, its clock, its backlog."""
    found = _look_at_schema(connection)
    yield found
    if found.health is Health.WRONG:
        return
    now = datetime.now(UTC)
    yield _look_at_clock(connection, now)
    yield _look_at_worker(settings, connection, now)


def _look_at_schema(connection: Connection) -> Diagnosis:
    revision, head = schema.current(connection), schema.head()
    if revision == head:
        if (other := find_other_version(connection)) is not None:
            return Diagnosis("schema", Health.WRONG, f"{other}: start the release that last migrated it")
        return Diagnosis("schema", Health.OK, f"{revision}, this version's")
    if revision is None:
        return Diagnosis("schema", Health.WRONG, "the database is empty: run `pars db upgrade`")
    if schema.is_known(revision):
        return Diagnosis("schema", Health.WRONG, f"{revision}, older than this version's {head}: run `pars db upgrade`")
    return Diagnosis("schema", Health.WRONG, f"{revision} is of a newer version of pars: run that one")


def _look_at_clock(connection: Connection, now: datetime) -> Diagnosis:
    """Compare this machine's clock with the database's, and with the newest record: time never goes back."""
    says = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    newest = commits.newest_at(connection)
    if newest is not None and newest - now > MOST_APART:
        return Diagnosis(
            "clock", Health.WRONG, f"{says} is before the newest record ({newest:%Y-%m-%dT%H:%M:%SZ}): set it"
        )
    if on_sqlite(connection):
        return Diagnosis("clock", Health.OK, says)
    theirs = read_instant(fetch_value(connection, "SELECT clock_timestamp()"))
    apart = abs(datetime.now(UTC) - theirs)
    if apart > MOST_APART:
        return Diagnosis(
            "clock", Health.WRONG, f"{says} is {apart.total_seconds():,.0f} s from the database's: set both"
        )
    return Diagnosis("clock", Health.OK, f"{says}, as the database's")


def _look_at_worker(settings: Settings, connection: Connection, now: datetime) -> Diagnosis:
    """Tell by what waits whether somebody works, and whether anybody is there to.

    Where a SQLite file has no server, what commands did waits for the next one: that is no fault.
    """
    ages = {work: (now - at).total_seconds() for work, at in backlog.oldest(connection).items() if at is not None}
    work = max(ages, key=ages.__getitem__, default=None)
    there = _describe_workers(settings, connection)
    if work is None or ages[work] <= LONG_WAIT:
        return Diagnosis("worker", Health.OK, f"nothing waits long; {there}")
    health = Health.WRONG if ages[work] > TOO_LONG and there != _NOT_SERVED else Health.NOTE
    return Diagnosis("worker", health, f"{work} has waited for {timedelta(seconds=round(ages[work]))}; {there}")


def _describe_workers(settings: Settings, connection: Connection) -> str:
    file = settings.sqlite_file
    if file is not None:
        served = _is_served(file)
        return "" if served is None else "a server runs" if served else _NOT_SERVED
    sessions = fetch_value(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pars' "
        "AND pid <> pg_backend_pid()",
    )
    return f"{sessions} connections of servers and workers" if sessions else "no server or worker is connected"


def _is_served(file: Path) -> bool | None:
    """Whether a process holds the lock of the one server of a SQLite file; None where the system does not tell.

    It is only looked at: taking it for a moment could refuse a server that starts in that moment.
    """
    try:
        inode, lines = file.stat().st_ino, Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return any(" FLOCK " in line and f":{inode} " in line for line in lines)


def _bytes(count: int) -> str:
    """Return a number of bytes for people."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1_000 and len(units) > 1:
        size /= 1_000
        del units[0]
    return f"{size:.0f} {units[0]}" if size >= 10 or units[0] == "bytes" else f"{size:.1f} {units[0]}"
