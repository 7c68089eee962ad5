"""``stillwatch watermark``: keys for marking answers, and the search for marks in texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.extras import extra
from stillwatch.cli.watermark_keys import keys
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.prove.watermark import Detection, Named, Score
    from stillwatch.prove.watermark.reading import Columns

__all__ = ["command", "named_keys"]

_file = click.Path(path_type=Path, dir_okay=False)


@click.group("watermark")
def command() -> None:
    """Mark answers under committed keys, and find whose mark a text carries."""
    with extra("prove", "watermarks need"):
        import cryptography  # noqa: F401, PLC0415 - help imports no kernel
        import rfc8785  # noqa: F401, PLC0415


command.add_command(keys)


@command.command("detect")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
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
@click.option("--tokens", help="Column of token ids.")
@click.option("--text", help="Column of text, which needs --tokenizer.")
@click.option("--tokenizer", type=_file, help="tokenizer.json of the model that marked.")
@click.option("--each", is_flag=True, help="Score each text by itself too, its best key a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of a table.")
def detect(
    inputs: tuple[Path, ...],
    key_book: Path | None,
    issued: tuple[Path, ...],
    reveals: tuple[Path, ...],
    signed_by: tuple[str, ...],
    tokens: str | None,
    text: str | None,
    tokenizer: Path | None,
    *,
    each: bool,
    as_json: bool,
) -> None:
    """Search INPUTS, documents, JSON Lines, Parquet or folders, for the mark of any key.

    A (context, token) pair counts once over all inputs. P-values are exact, and corrected by Holm's
    method for all keys that are tried.
    """
    from stillwatch.prove.watermark import Detector  # noqa: PLC0415
    from stillwatch.prove.watermark.reading import read_texts  # noqa: PLC0415

    tried = named_keys(key_book, issued, reveals, signed_by)
    columns = _columns(tokens, text, tokenizer)
    detector = Detector(tried)
    for path in inputs:
        for batch in read_texts(path, columns):
            detector.add(batch.texts)
            if each:
                for place, scores in zip(batch.places, detector.by_text(batch.texts), strict=True):
                    _say_text(place, tried, scores, as_json=as_json)
    found = sorted(detector.detections(), key=lambda one: one.score.log10_p)
    for detection in found:
        _say(detection, len(tried), as_json=as_json)


def named_keys(
    book: Path | None, issued: tuple[Path, ...], reveals: tuple[Path, ...], signers: tuple[str, ...]
) -> list[Named]:
    """Return the keys that options name, in a book, as issued or as revealed.

    Raises:
        ConfigurationError: there is none, or a reveal without who signed its commitment.
        StillwatchError: a file is not what it is named as.
    """
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.ledger import VerifyKey  # noqa: PLC0415
    from stillwatch.prove.watermark import (  # noqa: PLC0415
        IssuedKey,
        KeyBook,
        Named,
        Reveal,
        verify_reveal,
    )

    found = []
    if book is not None:
        opened = KeyBook.open(book)
        found += [
            Named(f"{entry.epoch} {entry.cohort}", opened.scheme(entry), opened.key(entry))
            for entry in opened.entries
            if opened.ready(entry)
        ]
    for path in issued:
        held = IssuedKey.read(path)
        found.append(Named(f"{held.epoch} {held.cohort}", held.scheme, held.key))
    if reveals and not signers:
        raise ConfigurationError(
            "a reveal is somebody's only by a signature", todo="give --signed-by"
        )
    trusted = [VerifyKey.decode(signer) for signer in signers]
    for path in reveals:
        reveal = Reveal.decode(read_small(path, "the reveal"))
        key, made = verify_reveal(reveal, trusted)
        found.append(Named(f"{reveal.epoch} {reveal.cohort}", made.scheme, key))
    if not found:
        raise ConfigurationError(
            "there is no key to try", todo="give --key-book, --key or --reveal; complete its keys"
        )
    return found


def _columns(tokens: str | None, text: str | None, tokenizer: Path | None) -> Columns:
    from stillwatch.prove.watermark.reading import Columns, tokenizer_in  # noqa: PLC0415

    if tokens and (text or tokenizer):
        raise ConfigurationError(
            "--tokens names token ids, which take no --text and no --tokenizer",
            todo="leave one of them out",
        )
    return Columns(tokens, text, None if tokenizer is None else tokenizer_in(tokenizer))


def _say(detection: Detection, tried: int, *, as_json: bool) -> None:
    named, score = detection.named, detection.score
    if as_json:
        found = {
            "key": named.name,
            "key_id": named.key.id,
            "scheme": dict(named.scheme.settings()),
            "pairs": score.pairs,
            "statistic": score.statistic,
            "expected": score.expected,
            "log10_p": score.log10_p,
            "log10_adjusted": detection.log10_adjusted,
            "keys_tried": tried,
        }
        click.echo(json.dumps(found))
        return
    click.echo(
        f"{named.name}  {score.pairs:,} pairs, {score.statistic:,.0f} of {score.expected:,.0f} "
        f"expected, p = {_power(score.log10_p)}, corrected for {tried:,} keys "
        f"{_power(detection.log10_adjusted)}"
    )


def _say_text(place: str, tried: list[Named], scores: list[Score], *, as_json: bool) -> None:
    best = min(range(len(scores)), key=lambda at: scores[at].log10_p)
    score = scores[best]
    if as_json:
        found = {
            "text": place,
            "key": tried[best].name,
            "pairs": score.pairs,
            "log10_p": score.log10_p,
            "keys_tried": len(tried),
        }
        click.echo(json.dumps(found))
        return
    click.echo(f"{place}  {tried[best].name}  {score.pairs:,} pairs, p = {_power(score.log10_p)}")


def _power(log10: float) -> str:
    return f"{10**log10:.2g}" if log10 > -6 else f"10^{log10:.1f}"
