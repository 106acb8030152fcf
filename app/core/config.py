"""Settings: environment variables named `PARS_…`, each described here and in the README."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.errors import ConfigurationError
from app.core.logging import log

SHORT_SECRET = 16


class Settings(BaseSettings):
    """What an operator may set. Nothing has to be set on SQLite."""

    model_config = SettingsConfigDict(env_prefix="PARS_", frozen=True)

    database_url: str = Field(
        "sqlite:///var/pars.db", description="SQLAlchemy address of the SQLite or PostgreSQL database."
    )
    data_dir: Path = Field(Path("var"), description="Folder for the secret, the demo key and overlay files.")
    secret_key: str | None = Field(
        None,
        description="Comma-separated secrets: the first signs, all verify. Made and kept in the data folder on SQLite, "
        "required on PostgreSQL.",
    )
    support_contact: str = Field("your system's operator", description="Whom error hints tell people to ask.")
    webhook_allow_private: bool = Field(False, description="Whether webhooks may go to private addresses.")
    pool_size: int = Field(10, ge=1, le=200, description="PostgreSQL connections of one serving process.")
    stall_limit: float = Field(
        45, ge=0, description="Seconds that a PostgreSQL transaction may pause before its locks are taken; 0 for ever."
    )
    body_limit: int = Field(1_048_576, ge=1_024, description="Largest JSON request body, in bytes.")
    upload_limit: int = Field(268_435_456, ge=1_024, description="Largest upload of a file, in bytes.")
    upload_quota: int = Field(
        10_737_418_240, ge=0, description="Most bytes that uploads of one provider take in the database; 0 for any."
    )
    body_deadline: float = Field(30, gt=0, description="Seconds within which a request body has to arrive.")

    @property
    def on_sqlite(self) -> bool:
        """Whether the store is a SQLite file."""
        return self.database_url.startswith("sqlite")

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address with the driver this project uses."""
        scheme, _, rest = self.database_url.partition("://")
        if scheme in ("postgres", "postgresql"):
            return f"postgresql+psycopg://{rest}"
        if scheme not in ("sqlite", "postgresql+psycopg"):
            raise ConfigurationError("PARS_DATABASE_URL is a sqlite:// or postgresql:// address.")
        return self.database_url

    def secrets(self) -> tuple[str, ...]:
        """Return the secrets, the signing one first; on SQLite one is made and kept when none is set."""
        if self.secret_key is not None:
            given = tuple(part.strip() for part in self.secret_key.split(",") if part.strip())
            if not given:
                raise ConfigurationError("PARS_SECRET_KEY is empty.")
            if any(len(part) < SHORT_SECRET for part in given):
                log.warning("PARS_SECRET_KEY is short; use 32 random characters or more")
            return given
        if not self.on_sqlite:
            raise ConfigurationError("PARS_SECRET_KEY must be set on PostgreSQL: every process needs the same.")
        return (self._kept_secret(),)

    def _kept_secret(self) -> str:
        path = self.data_dir / "secret-key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48), replace=False)
        return path.read_text(encoding="ascii").strip()


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file in UTF-8 that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with _locked(draft) as file:
        # What a killed process has left of its own draft.
        file.truncate()
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
        if replace or not path.exists():
            draft.replace(path)
        else:
            # Two first starts at once: the one that was first decides for both.
            draft.unlink()


@contextmanager
def _locked(draft: Path) -> Iterator[BufferedWriter]:
    """Open a draft that nobody else writes meanwhile; it may hold something."""
    while True:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever was waited for has put it in its place: that file is another's now.
            if _stands(draft, file):
                yield file
                return


def _stands(path: Path, file: BufferedWriter) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
