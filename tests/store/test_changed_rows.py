"""What is changed in the database behind the service's back is found, and the row named: one cell of any kind.

The cells are generated from the tables. What is not protected is listed with its reason, so that a new column is either
covered or argued for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Date, LargeBinary, Table, select
from sqlalchemy.types import JSON, Integer

from app.models.base import Instant
from app.models.tables import metadata
from app.services.context import Service
from app.services.operations import checks
from app.store.states import LEFT_OUT
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, settle
from tests.harness.board_views import decide

_OPERATIONAL = "work in progress: it is made anew, or ends by itself, and no credit or right depends on it"
UNPROTECTED_TABLES = {
    "uploads": _OPERATIONAL,
    "upload_totals": _OPERATIONAL,
    "upload_pieces": _OPERATIONAL,
    "batches": _OPERATIONAL,
    "batch_pieces": _OPERATIONAL,
    "batch_rows": "answers about records: the records themselves are protected",
    "board_marks": "how far a board has read: it says so again with every request",
    "last_decisions": "finds the last row of decisions sooner",
    "webhook_deliveries": _OPERATIONAL,
    "idempotency_keys": "answers kept for a day, to be given again",
    "boards": "codes only: the facts are the board files', whose digest is stored with every completion",
    "digests_due": "empty but within an upgrade",
    "unsealed": "marks of the last moments, removed by the sealer",
}
