"""Where the words of simulated worlds come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.worlds.simulation.interface import TextSource

__all__ = ["source"]


def source(directory: Path | None, seed: int) -> TextSource:
    """Return the source of all text of a world.

    Args:
        directory: folder of Parquet files of prompts, or None for the built-in generator.
        seed: seed; equal seeds give equal text.

    Raises:
        SourceNotFoundError: the folder does not exist.
        NoUsableRowsError: no file in it has prompts.
    """
    from stillwatch.worlds.simulation.text.builtin import BuiltinText  # noqa: PLC0415

    if directory is None:
        return BuiltinText(seed)
    from stillwatch.worlds.simulation.text.corpus import CorpusText, read_corpus  # noqa: PLC0415

    return CorpusText(read_corpus(directory), seed)
