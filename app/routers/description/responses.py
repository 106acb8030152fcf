"""What routes declare of their answers, as the framework takes it."""

from __future__ import annotations

from typing import Any

Responses = dict[int | str, dict[str, Any]]
