"""Opening an installation: settings, database, schema, catalogue, secrets; and why one cannot be opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from app.core import clock
from app.core.clock import Clock
from app.core.config import Settings
from app.core.database.engines import find_damage
from app.core.database.failures import DAMAGED
from app.core.database.transactions import Database
from app.core.errors import ConfigurationError, InstallationFault
from app.core.logging import log
from app.core.private_files import readable_by_others
from app.core.security import Keyring
from app.domain.audit import ClientAudit
from app.domain.catalogue import Catalogue
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from app.services.context import OPERATOR, Service, Work, operator
from app.services.operations import baseline
from app.services.operations.key_versions import find_other_version
from app.services.operations.refusals import faults_explained, name_of, refuse_misplaced, refuse_newer
from app.store import clients, schema

T = TypeVar("T")
INSPECTION_SECONDS = 5.0
"""How long a start looks for damage in a SQLite file; a gigabyte takes about four seconds."""


def open_service(settings: Settings, *, at: Clock = clock.now, migrate: bool = True, inspect: bool = False) -> Service:
    """Open an installation, with its schema and its boards brought up to date unless `migrate` is False.

    With `inspect` a SQLite file is looked through for damage first. Raises `InstallationFault` when the installation
    cannot be used as it is.
    """
    database: Database | None = None
    try:
        with faults_explained(settings):
            refuse_misplaced(settings)
            keyring = Keyring(settings.secrets())
            catalogue = read_catalogue(settings)
            database = Database(settings.sqlalchemy_url, pool_size=settings.pool_size, stall_limit=settings.stall_limit)
            if inspect and (found := find_damage(database.read_engine, INSPECTION_SECONDS)) is not None:
                raise InstallationFault(f"The database {name_of(settings)} cannot be used: {DAMAGED} (Found: {found})")
            service = Service(settings=settings, database=database, catalogue=catalogue, keyring=keyring, clock=at)
            if _look(database, partial(_is_outdated, catalogue=catalogue, migrate=migrate)):
                database.write(lambda connection: prepare(connection, service))
            if migrate:
                database.read(refuse_other_keys)
            return service
    except BaseException:
        if database is not None:
            database.close()
        raise


def warn_of_open_files(settings: Settings) -> None:
    """Log a line when others on this machine can read the files of the installation: older versions made them so."""
    paths = [settings.data_dir, *settings.data_dir.glob("secret-key"), *settings.data_dir.glob("demo-*")]
    file = settings.sqlite_file
    if file is not None:
        paths += [file, *(Path(f"{file}-{part}") for part in ("wal", "shm", "journal"))]
    found = readable_by_others(paths)
    if found:
        files = " ".join(str(path) for path in found if not path.is_dir())
        folders = " ".join(str(path) for path in found if path.is_dir())
        commands = [f"chmod {mode} {names}" for mode, names in (("600", files), ("700", folders)) if names]
        log.warning("files can be read by other users of this machine", advice="; ".join(commands))


def read_catalogue(settings: Settings) -> Catalogue:
    """Read the board files; those of the data folder replace those of the release. Raises `CatalogueError`."""
    overlay = settings.data_dir / "catalogue"
    return load_catalogue((BOARDS_FOLDER, overlay) if overlay.is_dir() else (BOARDS_FOLDER,))


def stored_board_files(connection: Connection, digest: str) -> dict[str, str] | None:
    """Return the board files that records were once judged by, from the digest stored with them; None if unknown."""
    return clients.catalogue_files(connection, digest)


def _look(database: Database, verb: Callable[[Connection], T]) -> T:
    """Read for the first time: what the database cannot do is raised as it is, and told by the start alone."""
    with database.read_engine.connect() as connection, connection.begin():
        return verb(connection)


def _is_outdated(connection: Connection, catalogue: Catalogue, *, migrate: bool) -> bool:
    """Whether anything is to be prepared; read first, so that a command beside a busy server takes no write lock."""
    refuse_newer(connection)
    return migrate and (
        schema.current(connection) != schema.head()
        or not catalogue.boards.keys() <= clients.board_codes(connection)
        or clients.catalogue_files(connection, catalogue.digest) is None
    )


def refuse_other_keys(connection: Connection) -> None:
    """Raise `ConfigurationError` if names are stored under keys that this release would not look for."""
    other = find_other_version(connection)
    if other is not None:
        raise ConfigurationError(
            f"In the database {other}: physicians would be missed. Start the release that last migrated the database, "
            "or restore its backup."
        )


def prepare(connection: Connection, service: Service) -> None:
    """Migrate the schema, store the catalogue and its boards, and make sure that the operator's client exists.

    Digests are made of what a migration laid down or changed, and only then: nobody who writes to `digests_due` has
    their own changes digested.
    """
    catalogue, at = service.catalogue, service.clock
    if schema.upgrade(connection):
        baseline.take(connection, service)
    clients.add_boards(
        connection,
        [
            {"code": board.code, "name": board.name, "kind": board.kind.value, "state": board.state}
            for board in catalogue.boards.values()
        ],
    )
    clients.keep_catalogue(connection, catalogue.digest, catalogue.files, at())
    if clients.ensure_operator(connection, at()):
        work = Work(connection=connection, caller=operator(service), now=at())
        work.audit("create", OPERATOR.client_id, ClientAudit(role=OPERATOR.role, test=False))
        work.save_commit()
