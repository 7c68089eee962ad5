"""The one part that sees clear identifiers; what leaves it is keyed."""

from stillwatch.find.sources.vault.keys import make_key, read_key
from stillwatch.find.sources.vault.pseudonymise import Pseudonymised, pseudonymise
from stillwatch.find.sources.vault.tokenise import Tokenised, tokenise

__all__ = [
    "Pseudonymised",
    "Tokenised",
    "make_key",
    "pseudonymise",
    "read_key",
    "tokenise",
]
