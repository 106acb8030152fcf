"""Published transcripts: added, found by code or by account, blanked with the physician who is erased."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.passport.published import PublishedTranscript, UsedCertificate
from app.models import passport as tables
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, expression
from app.store.sql.statements import fetch, fetch_column, fetch_value, in_list

_USED = RowMapper(
    UsedCertificate,
    tables.signing_certificates,
    "s",
    transcripts=expression("coalesce(t.signed, 0)"),
)
_PUBLISHED = RowMapper(PublishedTranscript, tables.transcripts, "t")


def add(connection: Connection, published: PublishedTranscript, more: Mapping[str, Any]) -> None:
    """Insert a transcript with its content and PDF."""
    insert(connection, tables.transcripts, [_PUBLISHED.values_of(published) | dict(more)])


def keep_certificate(connection: Connection, fingerprint: str, pem: str, at: datetime) -> None:
    """Insert the certificate of a key that signs, unless it is there."""
    row = {"fingerprint": fingerprint, "pem": pem, "first_used_at": at}
    insert(connection, tables.signing_certificates, [row], skip_known=True)


def used_certificates(connection: Connection) -> list[UsedCertificate]:
    """Return the certificates of all keys that have signed, with how many transcripts each; the newest first."""
    rows = fetch(
        connection,
        f"SELECT {_USED.columns} FROM signing_certificates s "
        # One look at the transcripts for all certificates: no index leads from one to the other.
        "LEFT JOIN (SELECT certificate, count(*) AS signed FROM transcripts GROUP BY certificate) t "
        "ON t.certificate = s.fingerprint ORDER BY s.first_used_at DESC, s.fingerprint",
    )
    return _USED.read(connection, rows)


def certificate_of(connection: Connection, fingerprint: str) -> str:
    """Return a certificate as PEM."""
    return str(
        fetch_value(connection, "SELECT pem FROM signing_certificates WHERE fingerprint = :id", {"id": fingerprint})
    )


def by_code(connection: Connection, digests: Sequence[str]) -> PublishedTranscript | None:
    """Return the transcript of a code, which has a digest by each secret."""
    marks, parameters = in_list("digest", digests)
    rows = fetch(
        connection, f"SELECT {_PUBLISHED.columns} FROM transcripts t WHERE t.code_digest IN ({marks})", parameters
    )
    return _PUBLISHED.read_first(connection, rows)


def of_account(connection: Connection, client_id: str, limit: int) -> list[PublishedTranscript]:
    """Return what an account has published, the newest first."""
    rows = fetch(
        connection,
        f"SELECT {_PUBLISHED.columns} FROM transcripts t WHERE t.client_id = :id "
        "ORDER BY t.published_at DESC, t.transcript_id DESC LIMIT :limit",
        {"id": client_id, "limit": limit},
    )
    return _PUBLISHED.read(connection, rows)


def with_ids(connection: Connection, transcript_ids: Collection[str]) -> list[PublishedTranscript]:
    """Return those of some transcripts that there are."""
    marks, parameters = in_list("id", sorted(transcript_ids))
    rows = fetch(
        connection, f"SELECT {_PUBLISHED.columns} FROM transcripts t WHERE t.transcript_id IN ({marks})", parameters
    )
    return _PUBLISHED.read(connection, rows)


def count_of_account(connection: Connection, client_id: str, since: datetime) -> int:
    """Return how many transcripts an account has published since a moment."""
    return int(
        fetch_value(
            connection,
            "SELECT count(*) FROM transcripts WHERE client_id = :id AND published_at > :since",
            {"id": client_id, "since": since},
        )
    )


def one(connection: Connection, transcript_id: str) -> PublishedTranscript | None:
    """Return a transcript by its id."""
    rows = fetch(
        connection, f"SELECT {_PUBLISHED.columns} FROM transcripts t WHERE t.transcript_id = :id", {"id": transcript_id}
    )
    return _PUBLISHED.read_first(connection, rows)


def content_of(connection: Connection, transcript_id: str) -> bytes:
    """Return what a transcript says, as canonical JSON."""
    text: str = fetch_value(
        connection, "SELECT content FROM transcripts WHERE transcript_id = :id", {"id": transcript_id}
    )
    return text.encode()


def pdf_of(connection: Connection, transcript_id: str) -> bytes:
    """Return the signed PDF of a transcript."""
    return bytes(
        fetch_value(connection, "SELECT pdf FROM transcripts WHERE transcript_id = :id", {"id": transcript_id})
    )


def blank_of_learners(connection: Connection, learner_ids: Collection[str]) -> list[str]:
    """Blank the transcripts of physicians who are erased, so that no code leads to them; return their ids."""
    marks, parameters = in_list("id", sorted(learner_ids))
    found = fetch_column(
        connection,
        f"SELECT transcript_id FROM transcripts WHERE learner_id IN ({marks}) AND content <> '' ORDER BY transcript_id",
        parameters,
    )
    for transcript_id in found:
        blank = dict.fromkeys(("code", "content", "digest", "pdf_digest"), "") | {"pdf": b"", "rows": 0}
        blank |= {"code_digest": f"erased {transcript_id}", "period_first": None, "period_last": None}
        update(connection, tables.transcripts, blank, {"transcript_id": transcript_id})
    return found
