"""``stillwatch provenance``: marks in licensed prompts, and the search for them in a log."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.extras import extra
from stillwatch.errors import ConfigurationError, NoUsableRowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from stillwatch.prove.provenance import Checked, Group, Row
    from stillwatch.prove.provenance.reading import Fields
    from stillwatch.prove.watermark import WatermarkKey

__all__ = ["command"]

_file = click.Path(path_type=Path, dir_okay=False)
_input = click.argument("prompts", type=_file)
_lines = click.option(
    "--lines", type=_file, help="JSON file of the partner's own lines: variants by slot."
)
_typography = click.option(
    "--typography", is_flag=True, help="Use apostrophes and dots of the prompts as well."
)
_prompt = click.option("--prompt", default="prompt", show_default=True, help="Field of the prompt.")
_system = click.option(
    "--system", default="system_prompt", show_default=True, help="Field of the system prompt."
)


@click.group("provenance")
def command() -> None:
    """Mark prompts that are sent under a licence, and find the marks in a log."""
    with extra("prove", "provenance needs"):
        import cryptography  # noqa: F401, PLC0415 - help imports no kernel
        import msgspec  # noqa: F401, PLC0415
        import rfc8785  # noqa: F401, PLC0415


@command.command("mark")
@_input
@click.option("--key", type=_file, help="Issued key that chooses among equivalent forms.")
@_lines
@_typography
@click.option("--sign", type=_file, help="Note key that signs a token for each prompt.")
@click.option("--licence", help="Agreement that the tokens name.")
@click.option(
    "--in-system", is_flag=True, help="Put the token into the system prompt, not into a field."
)
@_prompt
@_system
def mark(
    prompts: Path,
    key: Path | None,
    lines: Path | None,
    sign: Path | None,
    licence: str | None,
    prompt: str,
    system: str,
    *,
    in_system: bool,
    typography: bool,
) -> None:
    """Mark each of PROMPTS, JSON Lines, as a partner's gateway would, and print them."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.prove import provenance  # noqa: PLC0415
    from stillwatch.prove.provenance.reading import Fields  # noqa: PLC0415
    from stillwatch.prove.watermark import IssuedKey  # noqa: PLC0415

    if (key is None) != (lines is None and not typography):
        raise ConfigurationError(
            "a key chooses among forms", todo="give --key with --lines, --typography or both"
        )
    if (sign is None) != (licence is None) or (key is None and sign is None):
        raise ConfigurationError("a token names a licence", todo="give --sign with --licence")
    issued = None if key is None else IssuedKey.read(key)
    forms = provenance.read_lines(lines) if lines else {}
    signer = None if sign is None else SigningKey.read(sign)
    for row in _rows(prompts, Fields(prompt, system)):
        if issued is not None:
            made = provenance.mark(
                issued.key, row[prompt], row.get(system), forms, typography=typography
            )
            row[prompt] = made.prompt
            if made.system_prompt is not None:
                row[system] = made.system_prompt
        if signer is not None:
            number = secrets.token_bytes(16)
            token = provenance.sign(signer, row[prompt], licence or "", int(time.time()), number)
            if in_system:
                before = f"{row[system]}\n" if row.get(system) else ""
                row[system] = f"{before}stillwatch-provenance: {token}"
            else:
                row[provenance.FIELD] = token
        click.echo(json.dumps(row))


@command.command("check")
@_input
@click.option(
    "--key-book",
    type=click.Path(path_type=Path, file_okay=False),
    help="Try every key of this book that is complete.",
)
@click.option("--key", "issued", multiple=True, type=_file, help="Try this issued key; repeatable.")
@click.option(
    "--reveal", "reveals", multiple=True, type=_file, help="Try this revealed key; repeatable."
)
@click.option("--signed-by", multiple=True, help="Public key that signs the reveals' commitments.")
@_lines
@_typography
@click.option("--partner", multiple=True, help="Public key that tokens are trusted by; repeatable.")
@click.option("--by", default="account_id", show_default=True, help="Field to judge by.")
@_prompt
@_system
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of words.")
def check(
    prompts: Path,
    key_book: Path | None,
    issued: tuple[Path, ...],
    reveals: tuple[Path, ...],
    signed_by: tuple[str, ...],
    lines: Path | None,
    partner: tuple[str, ...],
    by: str,
    prompt: str,
    system: str,
    *,
    typography: bool,
    as_json: bool,
) -> None:
    """Search PROMPTS, JSON Lines, for tokens and for forms that a key chose, an account at a time.

    P-values are exact, a context counts once, and Holm's correction is over accounts and keys.
    """
    from stillwatch.cli.watermark import named_keys  # noqa: PLC0415
    from stillwatch.ledger import VerifyKey  # noqa: PLC0415
    from stillwatch.prove import provenance  # noqa: PLC0415
    from stillwatch.prove.provenance.reading import Fields  # noqa: PLC0415

    keys: dict[str, WatermarkKey] = {}
    if key_book or issued or reveals:
        if lines is None and not typography:
            raise ConfigurationError(
                "a key is tried on forms", todo="give --lines, --typography or both"
            )
        named = named_keys(key_book, issued, reveals, signed_by)
        keys = {one.name: one.key for one in named}
    elif not partner:
        raise ConfigurationError(
            "there is no key to try", todo="give --key-book, --key, --reveal or --partner"
        )
    trusted = [VerifyKey.decode(one) for one in partner]
    groups, tried = provenance.check(
        _checkable(prompts, Fields(prompt, system), by),
        keys,
        provenance.read_lines(lines) if lines else {},
        trusted,
        typography=typography,
    )
    of: dict[str, list[Checked]] = {}
    for one in tried:
        of.setdefault(one.group, []).append(one)
    for name, group in groups.items():
        _say(name, group, of.get(name, []), as_json=as_json)


def _rows(path: Path, fields: Fields) -> Iterator[dict[str, Any]]:
    """Yield usable rows, and say at the end how many lines were not."""
    from stillwatch.prove.provenance.reading import read_rows  # noqa: PLC0415

    good, bad, first = 0, 0, 0
    for row in read_rows(path, fields):
        if isinstance(row, int):
            bad += 1
            first = first or row
        else:
            good += 1
            yield row
    if bad:
        click.echo(f"{bad:,} lines are no rows with a prompt; the first is {first}", err=True)
    if not good:
        raise NoUsableRowsError(
            "no line is a row with a prompt", where=str(path), todo="name its field with --prompt"
        )


def _checkable(path: Path, fields: Fields, by: str) -> Iterator[Row]:
    from stillwatch.prove.provenance import FIELD, Row  # noqa: PLC0415

    for row in _rows(path, fields):
        token = row.get(FIELD)
        yield Row(
            group=str(row.get(by, "")),
            prompt=row[fields.prompt],
            system_prompt=row.get(fields.system_prompt),
            token=token if isinstance(token, str | None) else "",
        )


def _say(name: str, group: Group, tried: list[Checked], *, as_json: bool) -> None:
    licensed = [
        {"partner": by, "licence": licence, "prompts": many}
        for (by, licence), many in sorted(group.licensed.items())
    ]
    if as_json:
        found = {
            "group": name,
            "prompts": group.rows,
            "licensed": licensed,
            "repeated": group.repeated,
            "refused": dict(sorted(group.refused.items())),
            "keys": [
                {
                    "key": one.key,
                    "places": one.places,
                    "hits": one.hits,
                    "expected": one.expected,
                    "log10_p": one.log10_p,
                    "log10_adjusted": one.log10_adjusted,
                }
                for one in tried
            ],
        }
        click.echo(json.dumps(found))
        return
    shown = json.dumps(name)
    click.echo(f"{shown}  {group.rows:,} prompts")
    for one in licensed:
        said = f"{one['prompts']:,} with a token of {one['partner']} under"
        click.echo(f"  {said} {json.dumps(one['licence'])}")
    if group.repeated:
        click.echo(f"  {group.repeated:,} tokens were sent before")
    for rule, many in sorted(group.refused.items()):
        click.echo(f"  {many:,} tokens break rule {rule}")
    for key in tried:
        click.echo(
            f"  {key.key}: {key.hits:,} of {key.places:,} places, {key.expected:,.0f} expected, "
            f"log10 p = {key.log10_p:.1f}, corrected {key.log10_adjusted:.1f}"
        )
