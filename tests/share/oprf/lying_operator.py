"""Operator b's service as a liar runs it: other shares than those in the record."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from stillwatch.listening import listen
from stillwatch.share.oprf import Home, Operator, group
from stillwatch.share.oprf.operator import shares_of
from stillwatch.share.oprf.protocol import Answer
from stillwatch.share.oprf.server import serve
from stillwatch.share.oprf.shares import Scalar


class Liar:
    def __init__(self, share):
        self.public = share.public
        self._other = Scalar(group.random_scalar())

    def answer(self, elements):
        made = self._other.answer(elements)
        return Answer(self.public, made.evaluated, made.proof)


def lies(home, epoch, generation, now):
    return {kind: Liar(share) for kind, share in shares_of(home, epoch, generation, now).items()}


if __name__ == "__main__":
    operator = Operator(Home.read(Path(sys.argv[1])), lies)
    serve(operator, listen("127.0.0.1", 0, None), time.time, announce=print)
