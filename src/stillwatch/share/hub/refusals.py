"""How the hub says no: a rule, an HTTP status, and TAXII's error object."""

from __future__ import annotations

from typing import Any

from stillwatch.errors import RefusedError

__all__ = ["HubError"]


class HubError(RefusedError):
    """A request that is refused.

    Args:
        status: HTTP status.
        rule: the rule's number, such as "H-3".
        what: what was refused.
        todo: what the asker can do.
        details: more for programs.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        rule: str,
        what: str,
        *,
        todo: str = "",
        details: dict[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(rule, what, todo=todo)
        self.status = status
        self.details = details or {}
        self.headers = headers

    def body(self, error_id: str) -> dict[str, Any]:
        """Return TAXII's error object (TAXII 2.1, section 3.6.1)."""
        words = self.what.removeprefix(f"{self.rule}: ")
        said = f"{words}; {self.todo}" if self.todo else words
        made: dict[str, Any] = {
            "title": "refused" if self.status < 500 else "not now",
            "description": said,
            "error_id": error_id,
            "error_code": self.rule,
            "http_status": str(self.status),
        }
        if self.details:
            made["details"] = self.details
        return made
