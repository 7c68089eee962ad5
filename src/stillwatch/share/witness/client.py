"""A log's side: asking a witness for its cosignature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger.cosignatures import verify_cosignatures
from stillwatch.ledger.notes import parse_signatures
from stillwatch.share.witness.submission import write_submission

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import httpx

    from stillwatch.ledger import Note, VerifyKey
    from stillwatch.ledger.notes import SignatureLine

__all__ = ["ask_witness"]

_LONGEST = 1 << 16


async def ask_witness(
    client: httpx.AsyncClient,
    url: str,
    witness: VerifyKey,
    note: Note,
    size: int,
    prove: Callable[[int, int], Awaitable[Sequence[bytes]]],
    *,
    old: int = 0,
    now: int,
) -> SignatureLine:
    """Return a witness's cosignature of a checkpoint, verified.

    Args:
        client: carries the request; its timeout is the longest wait.
        url: the witness's submission prefix.
        witness: its key.
        note: the checkpoint, signed by its log.
        size: leaves of the checkpoint.
        prove: gives the consistency proof between two sizes.
        old: leaves of the checkpoint that this witness cosigned last, as far as is known; the
            witness says where it is otherwise, and is asked once more.
        now: seconds since 1970.

    Raises:
        RefusedError: W-5 the witness has cosigned a larger tree; L-14 its cosignature does not
            verify; else the rule W-… that the witness names.
        UnreachableError: it does not answer, or not what a witness answers.
    """
    for _ in range(2):
        proof = await prove(old, size) if old else []
        status, body = await _posted(client, url, write_submission(old, proof, note))
        if status != 409:
            break
        old = _size(body, url)
        if old > size:  # W-5
            raise RefusedError("W-5", f"the witness has cosigned {old} leaves", where=url)
    if status != 200:
        rule, _, what = body.strip().partition(": ")
        if what and rule.startswith("W-") and rule[2:].isdecimal():
            raise RefusedError(rule, what, where=url)
        raise UnreachableError(f"a witness answers with status {status}", where=url)
    lines = [line for line in parse_signatures(body) if line.by(witness)]
    if not verify_cosignatures(replace(note, signatures=tuple(lines)), [witness], now=now):
        raise RefusedError("L-14", "a witness answers without its cosignature", where=url)
    return lines[0]


async def _posted(client: httpx.AsyncClient, url: str, body: bytes) -> tuple[int, str]:
    import httpx  # noqa: PLC0415 - a witness's own process needs no client

    try:
        async with client.stream(
            "POST", f"{url.rstrip('/')}/add-checkpoint", content=body
        ) as response:
            raw = b""
            async for chunk in response.aiter_bytes():
                raw += chunk
                if len(raw) > _LONGEST:
                    raise UnreachableError("a witness's answer does not end", where=url)
            return response.status_code, raw.decode()
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeDecodeError) as error:
        raise UnreachableError(f"a witness does not answer: {error}", where=url) from error


def _size(body: str, url: str) -> int:
    text = body.removesuffix("\n")
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise UnreachableError("a witness's answer is no size", where=url)
    return int(text)
