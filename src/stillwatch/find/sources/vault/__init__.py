"""The one part that sees clear identifiers; what leaves it is keyed."""

from stillwatch.find.sources.vault.keys import make_key, read_key
from stillwatch.find.sources.vault.tokenise import Tokenised, tokenise

__all__ = ["Tokenised", "make_key", "read_key", "tokenise"]
