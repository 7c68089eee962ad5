"""A policy and the two people who stand for it.

Signatures lie beside the policy in ``NAME.dsse``, an envelope over its canonical JSON: comments and
spaces may change, what it means may not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import OutputError, RefusedError
from stillwatch.stop.interface import Mode
from stillwatch.stop.responses.people import opened, signed_also
from stillwatch.stop.responses.policy_file import parse_policy, read_document

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.ledger import SigningKey
    from stillwatch.stop.responses.people import Analysts
    from stillwatch.stop.responses.policy import Policy

__all__ = ["PEOPLE", "read_policy", "sign_policy", "signatures_of"]

PEOPLE = 2
"""People who have to sign a policy that is enforced."""

_KIND = "application/vnd.stillwatch.policy+json"


def read_policy(path: Path, analysts: Analysts | None = None) -> Policy:
    """Return the policy in a file.

    Args:
        path: a TOML file, docs/reference/policy.md.
        analysts: whose signatures count. Without them the policy is in shadow mode, whatever it
            asks for.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is not usable.
        RefusedError: G-2 it asks to be enforced and fewer than two analysts have signed it.
    """
    text, document = read_document(path)
    policy = parse_policy(text, document, str(path))
    if analysts is None:
        return policy
    people = _people(policy, signatures_of(path), analysts)
    policy = replace(policy, signed_by=people)
    if policy.asked is Mode.SHADOW:
        return policy
    if len(people) < PEOPLE:  # G-2
        raise RefusedError(
            "G-2",
            f"the policy is to be enforced, and {len(people)} of the {PEOPLE} people who have to "
            "sign it have signed",
            where=str(path),
            todo="stillwatch policy sign, by two people with keys of their own",
        )
    return replace(policy, terms=replace(policy.terms, mode=Mode.ENFORCE))


def sign_policy(path: Path, key: SigningKey, analysts: Analysts) -> tuple[Policy, tuple[str, ...]]:
    """Sign a policy for one person, beside the signatures that it has.

    Signatures of an older version of the file are let go.

    Returns:
        The policy, and who has signed it now.

    Raises:
        ConfigurationError: the policy is not usable.
        RefusedError: G-12 the key is nobody's who may sign.
        OutputError: the signatures cannot be written.
    """
    analysts.name(key.public)
    policy = read_policy(path)
    held = signatures_of(path)
    if held and opened(held, _KIND, analysts).payload != policy.document:
        held = b""
    raw = signed_also(held, _KIND, policy.document, key)
    target = _beside(path)
    try:
        write_whole(target, raw + b"\n")
    except OSError as error:
        raise OutputError(
            f"the signatures cannot be written: {error.strerror}",
            where=str(target),
            todo="check the folder's mode and the room on its disk",
        ) from error
    return policy, _people(policy, raw, analysts)


def signatures_of(path: Path) -> bytes:
    """Return the envelope that lies beside a policy, empty where there is none."""
    target = _beside(path)
    return read_small(target, "the policy's signatures") if target.exists() else b""


def _people(policy: Policy, raw: bytes, analysts: Analysts) -> tuple[str, ...]:
    """Return who has signed this very policy."""
    if not raw:
        return ()
    held = opened(raw, _KIND, analysts)
    return analysts.people(held.signers) if held.payload == policy.document else ()


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.dsse")
