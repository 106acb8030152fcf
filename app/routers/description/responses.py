"""The type of what routes declare of their answers."""

from __future__ import annotations

from typing import Any

Responses = dict[int | str, dict[str, Any]]
