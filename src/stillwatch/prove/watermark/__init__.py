"""Mark answers under a cohort's key, and find the key's mark in a text.

>>> from stillwatch.prove.watermark import GreenRed, WatermarkKey
>>> GreenRed().score([1, 2, 3, 4], WatermarkKey(bytes(32))).pairs
3
"""

from stillwatch.prove.watermark.book import Entry, KeyBook
from stillwatch.prove.watermark.commitments import (
    Commitment,
    Reveal,
    parse_commitment,
    verify_reveal,
)
from stillwatch.prove.watermark.contract import check_scheme
from stillwatch.prove.watermark.detect import Detection, Detector, Named
from stillwatch.prove.watermark.green_red import GreenRed
from stillwatch.prove.watermark.gumbel import Gumbel
from stillwatch.prove.watermark.interface import Scheme, Score
from stillwatch.prove.watermark.issued import IssuedKey
from stillwatch.prove.watermark.keys import Beacon, Draw, MasterKey, WatermarkKey, derive
from stillwatch.prove.watermark.pairs import Texts, UniquePairs, unique_pairs
from stillwatch.prove.watermark.sampling import Sampler, cost
from stillwatch.prove.watermark.schemes import SCHEMES, scheme_of

__all__ = [
    "SCHEMES",
    "Beacon",
    "Commitment",
    "Detection",
    "Detector",
    "Draw",
    "Entry",
    "GreenRed",
    "Gumbel",
    "IssuedKey",
    "KeyBook",
    "MasterKey",
    "Named",
    "Reveal",
    "Sampler",
    "Scheme",
    "Score",
    "Texts",
    "UniquePairs",
    "WatermarkKey",
    "check_scheme",
    "cost",
    "derive",
    "parse_commitment",
    "scheme_of",
    "unique_pairs",
    "verify_reveal",
]
