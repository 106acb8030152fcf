"""Opening an installation: settings, database, schema, catalogue, secrets."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core import clock
from app.core.clock import Clock
from app.core.config import Settings
from app.core.database.transactions import Database
from app.core.security import Keyring
from app.domain.catalogue import Catalogue
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from app.services.context import Service
from app.store import clients, schema


def open_service(settings: Settings, *, at: Clock = clock.now, migrate: bool = True) -> Service:
    """Open an installation, bringing its schema and its board codes up to date."""
    keyring = Keyring(settings.secrets())
    catalogue = catalogue_of(settings)
    database = Database(settings.sqlalchemy_url, pool_size=settings.pool_size, stall_limit=settings.stall_limit)
    service = Service(settings=settings, database=database, catalogue=catalogue, keyring=keyring, clock=at)
    if migrate and database.read(lambda connection: _lacking(connection, catalogue)):
        database.write(lambda connection: prepare(connection, catalogue, at))
    return service


def catalogue_of(settings: Settings) -> Catalogue:
    """Read the boards' files, those of the data folder over those of the release; raises `CatalogueError`."""
    overlay = settings.data_dir / "catalogue"
    return load_catalogue((BOARDS_FOLDER, overlay) if overlay.is_dir() else (BOARDS_FOLDER,))


def kept_files(connection: Connection, digest: str) -> dict[str, str] | None:
    """Return the board files by which records were judged once, by the digest kept with the decision."""
    return clients.catalogue_files(connection, digest)


def _lacking(connection: Connection, catalogue: Catalogue) -> bool:
    """Tell whether anything is to be prepared, so that a command beside a busy server need not ask for its lock."""
    return (
        schema.current(connection) != schema.head()
        or not catalogue.boards.keys() <= clients.board_codes(connection)
        or clients.catalogue_files(connection, catalogue.digest) is None
    )


def prepare(connection: Connection, catalogue: Catalogue, at: Clock) -> None:
    """Migrate the schema, and let records refer to every board of the catalogue."""
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
