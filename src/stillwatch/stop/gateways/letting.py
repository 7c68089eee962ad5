"""Replies to Envoy by which requests go on, written once for each way in which they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.stop.gateways.messages import ProcessingResponse
from stillwatch.stop.gateways.paths import OURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Letting", "reply_to", "set_header"]

_OVERWRITE = 2
_MOST_WRITTEN = 256
"""Ways that are kept; headers that each request has anew would be ways without end."""


def reply_to(kind: str) -> Any:  # noqa: ANN401 - a message
    """Return a reply of a kind that changes nothing yet."""
    reply = ProcessingResponse()
    getattr(reply, kind).SetInParent()
    return reply


class Letting:
    """Writes replies, and keeps them.

    Args:
        gone: headers of the operator's that are not passed on.
    """

    def __init__(self, gone: Iterable[str]) -> None:
        self._gone = (
            *sorted({*gone, *OURS}),
            "accept-encoding",
        )  # the latter keeps answers readable
        self._written: dict[tuple[str, tuple[tuple[str, str], ...], bool, bool], bytes] = {}

    def reply(
        self, kind: str, own: Sequence[tuple[str, str]], *, strip: bool, changed: bool
    ) -> bytes:
        """Return the reply to headers or a body that changes headers alone.

        Args:
            kind: of the reply.
            own: headers to be set, or removed where they are empty.
            strip: remove what is the operator's own; once a request.
            changed: the body is another than came.
        """
        key = kind, tuple(own), strip, changed
        raw = self._written.get(key)
        if raw is None:
            reply = reply_to(kind)
            mutation = getattr(reply, kind).response.header_mutation
            self.write(mutation, own, strip=strip, changed=changed)
            raw = reply.SerializeToString()
            if len(self._written) < _MOST_WRITTEN:
                self._written[key] = raw
        return raw

    def write(
        self,
        mutation: Any,  # noqa: ANN401 - a message
        own: Sequence[tuple[str, str]],
        *,
        strip: bool,
        changed: bool,
    ) -> None:
        """Write the same into a reply that says more."""
        if strip:
            mutation.remove_headers.extend(self._gone)
        if changed:
            mutation.remove_headers.extend(("content-encoding", "content-length"))
        for name, value in own:
            if value:
                set_header(mutation, name, value)
            else:
                mutation.remove_headers.append(name)


def set_header(mutation: Any, name: str, value: str) -> None:  # noqa: ANN401 - a message
    """Have a header say this and nothing else."""
    option = mutation.set_headers.add()
    option.header.key = name
    option.header.raw_value = value.encode("utf-8")
    option.append_action = _OVERWRITE
