"""Settings: environment variables named `PARS_…`, each described here and in the README."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from datetime import date
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.errors import ConfigurationError
from app.core.logging import LogFormat, log
from app.core.private_files import write_private
from app.core.rates import Rate
from app.core.setting_names import PREFIX, find_unknown_names
from app.core.setting_values import OWN_FAULT, fault_of
from app.core.smtp_settings import SmtpServer, read_smtp_server

SHORT_SECRET = 16
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """The settings of one process. On SQLite, none has to be set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    # Neither may stand in a traceback or a log line: an address may hold a password.
    database_url: str = Field(
        "sqlite:///var/pars.db", repr=False, description="SQLAlchemy URL of the SQLite or PostgreSQL database."
    )
    data_dir: Path = Field(
        Path("var"), description="Folder for the secret, the demo key, the key of transcripts and overlay files."
    )
    secret_key: str | None = Field(
        None,
        repr=False,
        description="Comma-separated secrets: the first signs, all verify. Generated in the data folder on SQLite, "
        "required on PostgreSQL.",
    )
    support_contact: str = Field("your system's operator", description="Whom error hints tell people to ask.")
    public_url: str = Field(
        "",
        description="Address of this installation as clients reach it, such as `https://pars.example.org`: the server "
        "in the description of the API, from which clients are generated.",
    )
    service_name: str = Field(
        "PARS", min_length=1, max_length=60, description="What pages, mails and authenticators call this installation."
    )
    service_address: str = Field(
        "", description="Postal address, telephone and so on that transcripts show, its lines separated by `;`."
    )
    font_dir: Path | None = Field(
        None, description="Folder with fonts of scripts beyond Latin, Greek and Cyrillic, for names on transcripts."
    )
    transcript_key: Path | None = Field(
        None,
        description="PEM file of the key that signs transcripts, and of its certificates. Without it, a key is made "
        "and kept in the data folder.",
    )
    smtp_url: str = Field(
        "",
        repr=False,
        description="Server that takes mails: `smtps://user:password@host:465`, or `smtp://…:587`, which is encrypted "
        "before anything is sent. Without it, mails are files in the data folder.",
    )
    mail_from: str = Field("", description="Address that mails come from; needed with `PARS_SMTP_URL`.")
    webhook_allow_private: bool = Field(False, description="Whether webhooks may go to private addresses.")
    pool_size: int = Field(10, ge=1, le=200, description="PostgreSQL connections of one serving process.")
    stall_limit: float = Field(
        45,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that a PostgreSQL transaction may pause before its locks are taken; 0 for ever.",
    )
    body_limit: int = Field(1_048_576, ge=1_024, description="Largest JSON request body, in bytes.")
    upload_limit: int = Field(268_435_456, ge=1_024, description="Largest upload of a file, in bytes.")
    upload_quota: int = Field(
        10_737_418_240, ge=0, description="Most bytes that uploads of one provider take in the database; 0 for any."
    )
    keep_originals_days: int = Field(
        90, ge=0, le=36_500, description="Days that files of ended batches are kept as they were uploaded; 0 for ever."
    )
    keep_records_days: int = Field(
        365, ge=0, le=36_500, description="Days that records of ended batches are kept as they were sent; 0 for ever."
    )
    keep_held_days: int = Field(
        365, ge=0, le=36_500, description="Days that held records which have ended say whom they are about; 0 for ever."
    )
    keep_answers_days: int = Field(
        30, ge=1, le=36_500, description="Days that answers are kept under their idempotency keys."
    )
    keep_deliveries_days: int = Field(
        30, ge=1, le=36_500, description="Days that webhook deliveries are kept once they were finished."
    )
    keep_explanations_days: int = Field(
        0, ge=0, le=36_500, description="Days that it is kept why a physician was found; 0 for ever."
    )
    body_deadline: float = Field(
        30, gt=0, allow_inf_nan=False, description="Seconds within which a request body has to arrive."
    )
    head_deadline: float = Field(
        10, gt=0, allow_inf_nan=False, description="Seconds within which request line and headers have to arrive."
    )
    connection_limit: int = Field(4_096, ge=1, description="Most connections that one serving process holds.")
    address_connection_limit: int = Field(
        1_024, ge=1, description="Most connections from one address that a serving process holds; proxies excepted."
    )
    rate_client: int = Field(
        200, ge=0, description="Requests a second of one client to one serving process, with all its keys; 0 for any."
    )
    rate_client_burst: int = Field(1_000, ge=1, description="Requests that a client may send at once.")
    rate_provider: int = Field(
        400, ge=0, description="Requests a second of all clients together that act for a provider; 0 for any."
    )
    rate_provider_burst: int = Field(2_000, ge=1, description="Requests that they may send at once.")
    rate_failures: int = Field(
        50, ge=0, description="Requests a second of one address without a valid key that are told why; 0 for any."
    )
    rate_failures_burst: int = Field(1_000, ge=1, description="Such requests that an address may send at once.")
    yearly_closing: str = Field(
        "03-31",
        description="Day by which the activities that ended in a year are to be closed in the next, as MM-DD; empty "
        "for none. Nothing is refused afterwards: it is told on Home, in reports and mails.",
    )
    trusted_proxies: str = Field(
        "", description="Comma-separated addresses or networks of proxies whose `X-Forwarded-For` is believed."
    )

    log_format: LogFormat = Field(
        LogFormat.AUTO,
        description="Form of log lines: `json`, `human`, or `auto`, which is human on a terminal and JSON elsewhere.",
    )

    @classmethod
    def read(cls, *, quiet: bool = False) -> Self:
        """Return the settings of the environment. Raises `ConfigurationError`, without what a variable holds.

        A variable whose name is nearly that of a setting stops the start: whoever set it would believe it to hold. Any
        other unknown one that begins as ours do is told in a line of the log, unless `quiet`.
        """
        unknown = find_unknown_names(os.environ, cls.model_fields)
        misspelt = [f"{name} is not a setting: {meant} is meant." for name, meant in unknown.items() if meant]
        if misspelt:
            raise ConfigurationError(" ".join(misspelt))
        try:
            settings = cls()
        except ValidationError as error:
            raise ConfigurationError(
                " ".join(fault_of(fault, cls.model_fields) for fault in error.errors(include_input=False))
            ) from None
        if unknown and not quiet:
            log.warning("unknown settings have no effect", names=", ".join(unknown))
        return settings

    @field_validator("public_url")
    @classmethod
    def _read_public_url(cls, given: str) -> str:
        """Take an address without query and fragment; the slash at its end belongs to the paths of the API."""
        if not re.fullmatch(r"(https?://[^\s/?#]+[^\s?#]*)?", given.strip()):
            raise PydanticCustomError(OWN_FAULT, "an address such as https://pars.example.org")
        return given.strip().rstrip("/")

    @field_validator("yearly_closing")
    @classmethod
    def _read_yearly_closing(cls, given: str) -> str:
        """Take a day that is in every year, or none."""
        try:
            if given.strip():
                date.fromisoformat(f"2001-{given.strip()}")
        except ValueError:
            raise PydanticCustomError(OWN_FAULT, "a day of every year as MM-DD, such as 03-31, or empty") from None
        return given.strip()

    @field_validator("font_dir", "transcript_key", mode="before")
    @classmethod
    def _read_path(cls, given: object) -> object:
        """Take an empty value for none: as a path it would be the working folder."""
        return None if isinstance(given, str) and not given.strip() else given

    @property
    def address_lines(self) -> tuple[str, ...]:
        """The lines of `service_address`."""
        return tuple(line.strip() for line in self.service_address.split(";") if line.strip())

    @property
    def transcript_keys(self) -> Path:
        """The folder of the installation's own key for transcripts, and of the certificates of all that signed them."""
        return self.data_dir / "transcript-keys"

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.database_url.startswith("sqlite")

    @property
    def sqlite_file(self) -> Path | None:
        """The SQLite file, links resolved; None for PostgreSQL, and for a database in memory."""
        if not self.on_sqlite:
            return None
        from app.core.database.engines import file_of

        return file_of(self.sqlalchemy_url)

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL with the driver that this project uses. Raises `ConfigurationError`."""
        scheme, _, rest = self.database_url.partition("://")
        if scheme not in ("sqlite", "postgres", "postgresql", "postgresql+psycopg"):
            raise ConfigurationError("PARS_DATABASE_URL must be a sqlite:// or postgresql:// URL.")
        from sqlalchemy.exc import ArgumentError

        from app.core.database.engines import file_of

        url = self.database_url if scheme == "sqlite" else f"postgresql+psycopg://{rest}"
        try:
            file_of(url)
        except (ArgumentError, ValueError):
            # The message would repeat a part of it, perhaps of the password.
            raise ConfigurationError(
                "PARS_DATABASE_URL cannot be read. It looks like sqlite:///var/pars.db or "
                "postgresql://user:password@host:5432/name, with @ and / in a password written as %40 and %2F."
            ) from None
        if scheme == "sqlite" and not rest.startswith(("/", "?")) and rest:
            raise ConfigurationError(
                "PARS_DATABASE_URL has two slashes where a SQLite file needs three, sqlite:///var/pars.db, or four "
                "where its path begins at the root."
            )
        return url

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks of `trusted_proxies`. Raises `ConfigurationError`."""
        given = [part.strip() for part in self.trusted_proxies.split(",")]
        try:
            return tuple(ipaddress.ip_network(part) for part in given if part)
        except ValueError as error:
            # The message repeats what was given, and says whether bits are set beyond the network.
            raise ConfigurationError(
                f"PARS_TRUSTED_PROXIES must list addresses or networks, such as 10.0.0.7, 10.1.0.0/16: {error}."
            ) from None

    @property
    def smtp_server(self) -> SmtpServer | None:
        """The server that takes mails; None for the folder. Raises `ConfigurationError`."""
        return read_smtp_server(self.smtp_url, self.mail_from, self.public_url)

    @property
    def client_rate(self) -> Rate:
        """What one client may ask of one serving process."""
        return Rate(self.rate_client, self.rate_client_burst)

    @property
    def provider_rate(self) -> Rate:
        """What all clients together may that act for one provider."""
        return Rate(self.rate_provider, self.rate_provider_burst)

    @property
    def failure_rate(self) -> Rate:
        """How many requests without a valid key one address may send."""
        return Rate(self.rate_failures, self.rate_failures_burst)

    def secrets(self) -> tuple[str, ...]:
        """Return the secrets, the signing one first; on SQLite one is generated and stored when none is set.

        Raises `ConfigurationError` for an empty setting, and for none on PostgreSQL or beside a database that has one.
        """
        if self.secret_key is not None:
            given = tuple(part.strip() for part in self.secret_key.split(",") if part.strip())
            if not given:
                raise ConfigurationError("PARS_SECRET_KEY is empty.")
            if any(len(part) < SHORT_SECRET for part in given):
                log.warning("PARS_SECRET_KEY is short; use 32 random characters or more")
            return given
        if not self.on_sqlite:
            raise ConfigurationError("PARS_SECRET_KEY must be set on PostgreSQL: every process needs the same one.")
        return (self._stored_secret(),)

    def _stored_secret(self) -> str:
        path = self.data_dir / "secret-key"
        if not path.exists():
            file = self.sqlite_file
            if file is not None and file.exists() and file.stat().st_size:
                raise ConfigurationError(
                    f"The secret of the database {file} is needed, and {path} is not there: put the file back, or set "
                    "PARS_SECRET_KEY. With another secret, no key and no cursor is valid any more."
                )
            write_private(path, secrets.token_urlsafe(48), replace=False)
        return path.read_text(encoding="ascii").strip()
