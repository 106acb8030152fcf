"""`pars transcript`: the keys that transcripts are signed with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import FAINT, GOOD, JsonOption, instant, print_json, print_table
from app.cli.support import fail, read_database, use_service

if TYPE_CHECKING:
    from app.services.passport.certificates import KnownCertificate

commands = typer.Typer(
    name="transcript",
    no_args_is_help=True,
    help="The keys that transcripts are signed with, and their certificates. A certificate is no secret.",
)
_SHOWN = 16
"""Characters of a fingerprint that tables show: enough to name a certificate by."""


@commands.command("keys")
def list_keys(as_json: JsonOption = False) -> None:
    """List the certificates of all keys that were ever in use: since when, until when, and what each has signed."""
    from app.core.config import Settings
    from app.services.passport import certificates

    settings = Settings.read()
    found = read_database(lambda connection: certificates.list_known(connection, settings), settings=settings)
    if as_json:
        print_json({"data": [_fields_of(known) for known in found]})
        return
    print_table(
        ("fingerprint", "subject", "since", "until", "first used", "transcripts", "state"),
        [
            (
                known.certificate.fingerprint[:_SHOWN],
                known.certificate.subject,
                f"{known.certificate.not_before:%Y-%m-%d}",
                f"{known.certificate.not_after:%Y-%m-%d}",
                instant(known.first_used_at)[:10],
                str(known.transcripts),
                "in use" if known.current else "kept",
            )
            for known in found
        ],
        numbers={"transcripts"},
        styles={"in use": GOOD, "kept": FAINT, "-": FAINT},
        empty="There is no key yet: it is made when the first transcript is published.",
    )


def _fields_of(known: KnownCertificate) -> dict[str, object]:
    certificate = known.certificate
    return {
        "fingerprint": certificate.fingerprint,
        "subject": certificate.subject,
        "valid_from": certificate.not_before,
        "valid_until": certificate.not_after,
        "first_used_at": instant(known.first_used_at) if known.first_used_at is not None else None,
        "transcripts": known.transcripts,
        "current": known.current,
        "pem": certificate.pem,
    }


@commands.command()
def certificate(
    fingerprint: Annotated[
        str | None,
        typer.Argument(metavar="FINGERPRINT", help="Another than the one in use; its beginning is enough."),
    ] = None,
) -> None:
    """Print the certificate in use as PEM, for boards and others whose readers are to trust what it signs."""
    from app.core.config import Settings
    from app.services.passport import certificates

    settings = Settings.read()
    found = read_database(
        lambda connection: certificates.certificate_to_trust(connection, settings, fingerprint), settings=settings
    )
    typer.echo(found.pem, nl=False)


@commands.command()
def rotate(as_json: JsonOption = False) -> None:
    """Make a new key to sign with; what the old one has signed verifies on, by its certificate, which is kept."""
    from app.services.context import operator, transact
    from app.services.passport import certificates

    with use_service() as service:
        made = transact(operator(service), certificates.rotate)
    if as_json:
        print_json({"fingerprint": made.fingerprint, "valid_until": made.not_after})
        return
    typer.echo(
        f"Transcripts are signed with {made.fingerprint[:_SHOWN]} from now on, until {made.not_after:%Y-%m-%d}. "
        "Give its certificate to whoever trusts the old one: pars transcript certificate prints it. "
        "Back up the data folder: the old private key is gone."
    )


@commands.command("check-key")
def check_key(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Another than the one that PARS_TRANSCRIPT_KEY names.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look whether a key fits, before or after PARS_TRANSCRIPT_KEY names it: read it, and sign a page with it.

    Exits with 1 when it does not. Nothing is stored.
    """
    import msgspec

    from app.core.clock import now
    from app.core.config import Settings
    from app.services.passport import certificates

    path = file or Settings.read().transcript_key
    if path is None:
        fail("Name a file, or set PARS_TRANSCRIPT_KEY.")
    found = certificates.look_at_key(path, now())
    if as_json:
        print_json(msgspec.to_builtins(found) | {"fits": not found.faults})
    else:
        says = "does not fit" if found.faults else "fits"
        typer.echo(f"{path} {says}: {found.certificate.subject}, until {found.certificate.not_after:%Y-%m-%d}.")
        for sentence in (*found.faults, *found.notes):
            typer.echo(sentence)
    raise typer.Exit(1 if found.faults else 0)
