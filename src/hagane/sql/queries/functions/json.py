"""Later in this history."""

from typing import Any

FUNCTIONS: dict[str, Any] = {}
