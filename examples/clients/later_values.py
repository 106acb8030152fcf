"""A client of `openapi-python-client` that reads values which the service has learned since it was generated.

`make check-clients` generates it with the templates in `python-templates`, and runs this file.
"""

from pars_client.models import CreditStatus


def main() -> None:
    """Read a status that is newer than this client: it is preserved, and equals none of the known ones."""
    status = CreditStatus("under-review")
    assert status == "under-review"
    assert status not in list(CreditStatus)
    assert CreditStatus("pending") is CreditStatus.CREDIT_STATUS_PENDING
    print("told: later values")


if __name__ == "__main__":
    main()
