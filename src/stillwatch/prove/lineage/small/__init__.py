"""A language and a network small enough to train as teacher, student and control within a minute.

The language is drawn from our own grammar and belongs to nobody.
"""

from stillwatch.prove.lineage.small.grammar import grammar
from stillwatch.prove.lineage.small.network import Network, train, write
from stillwatch.prove.lineage.small.speech import Speaker, ids_of, spelled, tokenizer_file

__all__ = ["Network", "Speaker", "grammar", "ids_of", "spelled", "tokenizer_file", "train", "write"]
