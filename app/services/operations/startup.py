"""Opening an installation: settings, database, schema, catalogue, secrets."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.clock import Clock
from app.core.config import Settings
from app.core.database.failures import DatabaseDamaged, find_damage_in
from app.core.database.transactions import Database
from app.core.errors import ConfigurationError
from app.core.security import Keyring
from app.domain.audit import ClientAudit
from app.domain.catalogue import Catalogue
from app.domain.comparison_keys import NAME_KEYS
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from app.services.context import OPERATOR, Service, Work, operator
from app.services.operations import baseline
from app.store import clients, name_keys, record_digests, schema


def open_service(settings: Settings, *, at: Clock = clock.now, migrate: bool = True) -> Service:
    """Open an installation, with its schema and its boards brought up to date unless `migrate` is False."""
    keyring = Keyring(settings.secrets())
    catalogue = read_catalogue(settings)
    database = _open_database(settings)
    service = Service(settings=settings, database=database, catalogue=catalogue, keyring=keyring, clock=at)
    if migrate and database.read(lambda connection: _is_outdated(connection, catalogue)):
        database.write(lambda connection: prepare(connection, service))
    if migrate:
        database.read(refuse_other_keys)
    return service


def _open_database(settings: Settings) -> Database:
    """Open the database; raises `DatabaseDamaged` when its file cannot be opened for damage."""
    try:
        return Database(settings.sqlalchemy_url, pool_size=settings.pool_size, stall_limit=settings.stall_limit)
    except DBAPIError as error:
        damage = find_damage_in(error)
        if damage is None:
            raise
        raise DatabaseDamaged(f"the database cannot be opened: {damage}") from error


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
        or bool(record_digests.due(connection))
    )


def refuse_other_keys(connection: Connection) -> None:
    """Raise `ConfigurationError` if names are stored under keys that this release would not look for."""
    stored = name_keys.version_of(connection)
    if stored != NAME_KEYS:
        raise ConfigurationError(
            f"The database holds names under keys of version {stored}, and this release makes version {NAME_KEYS}: "
            "physicians would be missed. Start the release that last migrated the database, or restore its backup."
        )


def prepare(connection: Connection, service: Service) -> None:
    """Migrate the schema, store the catalogue and its boards, and make sure that the operator's client exists.

    Digests are made of what a migration laid down or changed.
    """
    catalogue, at = service.catalogue, service.clock
    schema.upgrade(connection)
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
