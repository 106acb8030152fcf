"""Opening an installation: settings, database, schema, catalogue, secrets."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core import clock
from app.core.clock import Clock
from app.core.config import Settings
from app.core.database.transactions import Database
from app.core.errors import ConfigurationError
from app.core.security import Keyring
from app.domain.catalogue import Catalogue
from app.domain.comparison_keys import NAME_KEYS
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from app.services.context import Service
from app.store import clients, name_keys, schema


def open_service(settings: Settings, *, at: Clock = clock.now, migrate: bool = True) -> Service:
    """Open an installation, with its schema and its boards brought up to date unless `migrate` is False."""
    keyring = Keyring(settings.secrets())
    catalogue = read_catalogue(settings)
    database = Database(settings.sqlalchemy_url, pool_size=settings.pool_size, stall_limit=settings.stall_limit)
    service = Service(settings=settings, database=database, catalogue=catalogue, keyring=keyring, clock=at)
    if migrate and database.read(lambda connection: _is_outdated(connection, catalogue)):
        database.write(lambda connection: prepare(connection, catalogue, at))
    if migrate:
        database.read(refuse_other_keys)
    return service


def read_catalogue(settings: Settings) -> Catalogue:
    """Read the board files; those of the data folder replace those of the release. Raises `CatalogueError`."""
    overlay = settings.data_dir / "catalogue"
    return load_catalogue((BOARDS_FOLDER, overlay) if overlay.is_dir() else (BOARDS_FOLDER,))


def stored_board_files(connection: Connection, digest: str) -> dict[str, str] | None:
    """Return the board files that records were once judged by, from the digest stored with them; None if unknown."""
    return clients.catalogue_files(connection, digest)


def _is_outdated(connection: Connection, catalogue: Catalogue) -> bool:
    """Whether anything needs preparing; read first, so that a command beside a busy server takes no write lock."""
    return (
        schema.current(connection) != schema.head()
        or not catalogue.boards.keys() <= clients.board_codes(connection)
        or clients.catalogue_files(connection, catalogue.digest) is None
    )


def refuse_other_keys(connection: Connection) -> None:
    """Raise `ConfigurationError` if names are stored under keys that this release would not look for."""
    stored = name_keys.version_of(connection)
    if stored != NAME_KEYS:
        raise ConfigurationError(
            f"The database holds names under keys of version {stored}, and this release makes version {NAME_KEYS}: "
            "physicians would be missed. Start the release that last migrated the database, or restore its backup."
        )


def prepare(connection: Connection, catalogue: Catalogue, at: Clock) -> None:
    """Migrate the schema, store the catalogue and its boards, and make sure that the operator's client exists."""
    schema.upgrade(connection)
    clients.add_boards(
        connection,
        [
            {"code": board.code, "name": board.name, "kind": board.kind.value, "state": board.state}
            for board in catalogue.boards.values()
        ],
    )
    clients.keep_catalogue(connection, catalogue.digest, catalogue.files, at())
    clients.ensure_operator(connection, at())
