"""``VERIFY.txt``: the commands by which openssl and coreutils alone check a bundle."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from stillwatch.prove.evidence.case import Case
from stillwatch.prove.evidence.layout import COMMANDS, ENVELOPE, files_of, read_part
from stillwatch.prove.evidence.statement import PAYLOAD_TYPE, Envelope, Statement

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["stamp_names", "verify_text", "write_text"]

_HEAD = f"""\
# What openssl and coreutils alone can check of this bundle. Run it in the bundle's folder:
#   ROOTS=roots.pem bash -euo pipefail VERIFY.txt
# ROOTS is a file of the authorities' root certificates, PEM, from their own pages.
# First of all, by eye: each key's SHA-256 below is one that you were told by another way.
# Openings, Merkle proofs and the order of times are left to `stillwatch evidence verify`.
scratch=$(mktemp -d)
cut -d'"' -f4 {ENVELOPE} | base64 -d > "$scratch/payload"
{{ printf 'DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} %d ' "$(wc -c < "$scratch/payload")"
  cat "$scratch/payload"; }} > "$scratch/signed"
"""


def verify_text(folder: Path) -> bytes:
    """Return what ``VERIFY.txt`` has to say for a bundle as it is.

    Raises:
        RefusedError: E-1 to E-3, E-10 the bundle cannot be read.
    """
    files = files_of(folder)
    envelope = Envelope.decode(read_part(folder, ENVELOPE, "E-2"))
    statement = Statement.decode(envelope.content)
    keys = {one.public().key_id: one.public() for one in statement.predicate.signers}
    lines = [_HEAD, "# Signatures, and two authorities' timestamps of each."]
    for at, signature in enumerate(envelope.signatures):
        short = signature.keyid[:16]
        lines += [
            f"openssl pkey -pubin -in signers/{short}.pem -outform DER | sha256sum",
            f'cut -d\'"\' -f{18 + 8 * at} {ENVELOPE} | base64 -d > "$scratch/sig"',
            _signature(keys[signature.keyid].algorithm, short),
        ]
        lines += [_stamp('"$scratch/sig"', name) for name in stamp_names(files, signature.keyid)]
    lines += [
        "# Parts: what is listed is what was signed.",
        _parts(len(statement.subject)),
    ]
    if "parts/case.json" in files:
        case = Case.decode(read_part(folder, "parts/case.json", "E-10"))
        lines.append("# What was stamped when it was made.")
        lines += [
            _stamp(shlex.quote(moment.part), stamp)
            for moment in case.moments
            for stamp in moment.stamps
        ]
    lines += ["echo verified", ""]
    return "\n".join(lines).encode()


def write_text(folder: Path) -> None:
    """Write ``VERIFY.txt`` for a bundle as it is."""
    from stillwatch.disk import write_whole  # noqa: PLC0415 - verifying writes nothing

    write_whole(folder / COMMANDS, verify_text(folder))


def stamp_names(files: dict[str, int], key_id: str) -> list[str]:
    """Return the names of the timestamps of a key's signature."""
    return [name for name in files if name.startswith(f"stamps/{key_id[:16]}.")]


def _parts(many: int) -> str:
    """Return the command over the last lines of the payload, two a part, the second its digests."""
    return (
        f"tr '{{' '\\n' < \"$scratch/payload\" | tail -n {2 * many} \\\n"
        "  | cut -s -d'\"' -f8,12 --output-delimiter='  ' \\\n"
        "  | sha256sum --check --strict --quiet"
    )


def _signature(algorithm: str, short: str) -> str:
    if algorithm == "ed25519":
        return (
            f"openssl pkeyutl -verify -pubin -inkey signers/{short}.pem -rawin "
            '-in "$scratch/signed" -sigfile "$scratch/sig"'
        )
    return (
        f"openssl dgst -sha256 -verify signers/{short}.pem "
        '-signature "$scratch/sig" "$scratch/signed"'
    )


def _stamp(data: str, stamp: str) -> str:
    return f'openssl ts -verify -data {data} -in {shlex.quote(stamp)} -CAfile "$ROOTS"'
