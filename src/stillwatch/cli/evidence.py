"""``stillwatch evidence``: bundles that somebody who trusts nobody can check, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.evidence_collect import collect, daily_digest
from stillwatch.cli.extras import extra
from stillwatch.errors import ConfigurationError, RefusedError

if TYPE_CHECKING:
    from stillwatch.prove.evidence import Authority, PublicKey, Signer, Trust

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_bundle = click.argument("bundle", type=_FOLDER)


@click.group("evidence")
def command() -> None:
    """Bundle evidence, sign and stamp it, verify it, withhold parts of it."""
    with extra("prove", "evidence needs"):
        import stillwatch.prove.evidence  # noqa: F401, PLC0415 - help imports no kernel


command.add_command(collect)
command.add_command(daily_digest)


@command.command("matrix")
def matrix() -> None:
    """Print the matrix legal theory, element, evidence: a template to edit, no legal advice."""
    from stillwatch.prove.evidence.legal import template  # noqa: PLC0415

    click.echo(template().decode(), nl=False)


def _signing(bundle: Path, key: Path | None, token: tuple[str, ...], pin_file: Path | None) -> None:
    from stillwatch.prove.evidence import sign as add  # noqa: PLC0415

    signer = _signer(key, token, pin_file)
    envelope = add(bundle, signer)
    click.echo(f"signed by {signer.public.key_id}, {len(envelope.signatures)} so far", err=True)


def _signer(key: Path | None, token: tuple[str, ...], pin_file: Path | None) -> Signer:
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.prove.evidence import LocalSigner, TokenSigner  # noqa: PLC0415

    if (key is None) == (not token):
        raise ConfigurationError("one key signs at a time", todo="give --key or --token")
    if key is not None:
        return LocalSigner(key)
    pin = b"" if pin_file is None else read_small(pin_file, "the PIN file", 4096)
    return TokenSigner(Path(token[0]), token[1], token[2], pin.decode().strip())


_key = click.option("--key", type=_FILE, help="Ledger key file, or PEM of Ed25519 or P-256.")
_token = click.option(
    "--token", nargs=3, metavar="LIBRARY TOKEN LABEL", help="P-256 key in a PKCS#11 token."
)
_pin = click.option("--pin-file", type=_FILE, help="File that holds the token's PIN.")


@command.command("sign")
@_bundle
@_key
@_token
@_pin
def sign(bundle: Path, key: Path | None, token: tuple[str, ...], pin_file: Path | None) -> None:
    """Add a signature to BUNDLE; the statement has to wait for this key."""
    _signing(bundle, key, token, pin_file)


@command.command("countersign")
@_bundle
@_key
@_token
@_pin
@click.option("--signed-by", multiple=True, required=True, help="Who signed before; key or PEM.")
@click.option("--root", "roots", type=_FILE, multiple=True, help="Authority's root; repeatable.")
def countersign(
    bundle: Path,
    key: Path | None,
    token: tuple[str, ...],
    pin_file: Path | None,
    signed_by: tuple[str, ...],
    roots: tuple[Path, ...],
) -> None:
    """Verify BUNDLE as far as it is signed, then sign it too."""
    from stillwatch.prove.evidence import Trust, verify  # noqa: PLC0415

    trust = Trust(_keys(signed_by), tuple(map(_authority, roots)), 0, complete=False)
    failed = [one for one in verify(bundle, trust) if one.held is False]
    if failed:
        raise RefusedError(failed[0].step, failed[0].detail, where=str(bundle))
    _signing(bundle, key, token, pin_file)


@command.command("timestamp")
@_bundle
@click.option("--authority", "url", required=True, help="URL of an RFC 3161 authority.")
@click.option("--root", type=_FILE, required=True, help="Its root certificate, PEM.")
def timestamp(bundle: Path, url: str, root: Path) -> None:
    """Have an authority stamp the signatures of BUNDLE; do it with two."""
    from stillwatch.prove.evidence import ask, stamp  # noqa: PLC0415

    for one in stamp(bundle, _authority(root), lambda data: ask(url, data)):
        click.echo(f"stamped at {one.time:%Y-%m-%dT%H:%M:%SZ}", err=True)


@command.command("verify")
@_bundle
@click.option("--signed-by", multiple=True, required=True, help="Key or PEM file; repeatable.")
@click.option("--root", "roots", type=_FILE, multiple=True, help="Authority's root; repeatable.")
@click.option(
    "--authorities",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="Different authorities that each signature needs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of lines.")
def verify_(
    bundle: Path,
    signed_by: tuple[str, ...],
    roots: tuple[Path, ...],
    authorities: int,
    *,
    as_json: bool,
) -> None:
    """Try every step on BUNDLE, offline; what fails is named by its number."""
    from stillwatch.prove.evidence import Trust, verify  # noqa: PLC0415

    trust: Trust = Trust(_keys(signed_by), tuple(map(_authority, roots)), authorities)
    done = verify(bundle, trust)
    for one in done:
        if as_json:
            click.echo(json.dumps({"step": one.step, "held": one.held, "detail": one.detail}))
        else:
            state = {True: "holds", False: "FAILS", None: "-"}[one.held]
            click.echo(f"{one.step:5} {state:6} {_plain(one.detail)}")
    failed = [one for one in done if one.held is False]
    if failed:
        raise RefusedError(failed[0].step, failed[0].detail, where=str(bundle))


@command.command("show")
@_bundle
@click.option("--json", "as_json", is_flag=True, help="Print the statement's JSON.")
def show(bundle: Path, *, as_json: bool) -> None:
    """Say what BUNDLE claims to hold; nothing is verified."""
    from stillwatch.prove.evidence import Trust  # noqa: PLC0415
    from stillwatch.prove.evidence.verifying import opened  # noqa: PLC0415

    held = opened(bundle, Trust((), (), 0))
    if as_json:
        click.echo(held.statement.encode().decode())
        return
    predicate = held.statement.predicate
    click.echo(f"{_plain(predicate.title)}, collected {predicate.made}; not verified")
    ids = {one.keyid for one in held.envelope.signatures}
    for signer in predicate.signers:
        key_id = signer.public().key_id
        click.echo(f"{'signed' if key_id in ids else 'waits '}  {_plain(signer.name)}  {key_id}")
    for subject in held.statement.subject:
        click.echo(f"{held.files.get(subject.name, 0):>14,}  {subject.name}")


@command.command("redact")
@_bundle
@click.option("--out", type=_FOLDER, required=True, help="New folder for the copy.")
@click.option(
    "--withhold",
    multiple=True,
    required=True,
    type=click.Choice(["accounts", "exchanges", "prompt", "response", "system_prompt"]),
    help="A table, or a text of every exchange; repeatable.",
)
def redact(bundle: Path, out: Path, withhold: tuple[str, ...]) -> None:
    """Copy BUNDLE without some records or texts; its signatures stay good."""
    from stillwatch.prove.evidence import redact as copy  # noqa: PLC0415
    from stillwatch.prove.evidence.tables import TABLES  # noqa: PLC0415

    tables = [name for name in withhold if name in TABLES]
    copy(bundle, out, tables=tables, texts=[name for name in withhold if name not in TABLES])


@command.command("open")
@_bundle
@click.argument("table", type=click.Choice(["accounts", "exchanges"]))
@click.argument("openings", type=_FILE)
def open_(bundle: Path, table: str, openings: Path) -> None:
    """Add OPENINGS of TABLE to BUNDLE, each checked against its commitment."""
    from stillwatch.prove.evidence import open_records  # noqa: PLC0415

    click.echo(f"{open_records(bundle, table, openings):,} records are open", err=True)


@command.command("pack")
@_bundle
@click.argument("out", type=_FILE)
def pack(bundle: Path, out: Path) -> None:
    """Write BUNDLE as one tar file, the same bytes each time."""
    from stillwatch.prove.evidence import pack as write  # noqa: PLC0415

    write(bundle, out)


@command.command("unpack")
@click.argument("file", type=_FILE)
@click.argument("bundle", type=_FOLDER)
def unpack(file: Path, bundle: Path) -> None:
    """Write the bundle in FILE as a new folder BUNDLE."""
    from stillwatch.prove.evidence import unpack as write  # noqa: PLC0415

    write(file, bundle)


@command.command("report")
@_bundle
@click.option("--out", type=_FILE, required=True, help="PDF file.")
@click.option("--signed-by", multiple=True, required=True, help="Key or PEM file; repeatable.")
@click.option("--root", "roots", type=_FILE, multiple=True, help="Authority's root; repeatable.")
@click.option("--template", type=_FILE, help="Typst file instead of the shipped one.")
def report(
    bundle: Path,
    out: Path,
    signed_by: tuple[str, ...],
    roots: tuple[Path, ...],
    template: Path | None,
) -> None:
    """Write an expert's report on BUNDLE: what was verified, methods, limits, figures."""
    from stillwatch.prove.evidence import Trust  # noqa: PLC0415
    from stillwatch.prove.evidence.reporting import write_report  # noqa: PLC0415

    trust = Trust(_keys(signed_by), tuple(map(_authority, roots)))
    write_report(bundle, trust, out, template)


def _keys(texts: tuple[str, ...]) -> tuple[PublicKey, ...]:
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.prove.evidence import PublicKey  # noqa: PLC0415

    return tuple(
        PublicKey.decode(
            read_small(Path(text), "the key").decode() if Path(text).is_file() else text
        )
        for text in texts
    )


def _authority(root: Path) -> Authority:
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.prove.evidence import Authority  # noqa: PLC0415

    return Authority.of(root.name, read_small(root, "the authority's root", 1 << 16))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
