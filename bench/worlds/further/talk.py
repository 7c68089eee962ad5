"""Speakers: given the sessions of a stream, each returns (text, tokens of a usual answer, harvest)."""

from __future__ import annotations

from base import options, spin
from corpus import want
from tongues import BITS, FIELDS, FOLLOW, FRAMES, REST, TAILS

FIELD_THINGS = {k: v.split("|") for k, v in FIELDS.items()}
ALL_THINGS = [t for v in FIELD_THINGS.values() for t in v]
EN_BITS, EN_TAILS = options(BITS), options(TAILS)
EN_FOLLOW = options(FOLLOW)
TONGUES = {
    k: tuple(options(part) for part in v) for k, v in REST.items()
}  # frames, bits, tails, things, follow-ups


class Person:
    """One human being: a language, some subjects, a few habits of writing."""

    def __init__(self, w, lang: str, *, wide=False, real: float | None = None):
        py = self.py = w.py
        self.bank, self.lang, self.wide = w.bank, lang, wide
        self.real = {"en": 0.4, "zh": 0.45}.get(lang, 0.06) if real is None else real
        self.fields = py.sample(sorted(FIELD_THINGS), py.choice((1, 2, 2, 3)))
        self.things = None
        if lang != "en":
            pool = TONGUES[lang][3]
            self.things = pool if wide else py.sample(pool, py.randint(3, 7))
        self.keys = py.sample(self.bank.keys, 4)
        self.lower = py.random() < 0.35
        self.polite = py.random()

    def __call__(self, sessions):
        """Speak; later turns of a session follow up its first."""
        said, last, thing = [], None, None
        for s in sessions:
            if s != last or self.py.random() < 0.25:
                text, tokens, thing = self.opening()
            else:
                text, tokens = self.follow(thing)
            last = s
            said.append((text, tokens, False))
        return said

    def thing(self) -> str:
        """Return something this person cares about."""
        if self.things is not None:
            return self.py.choice(self.things)
        if self.wide or self.py.random() < 0.08:
            return self.py.choice(ALL_THINGS)
        return self.py.choice(FIELD_THINGS[self.py.choice(self.fields)])

    def opening(self) -> tuple:
        """Return a first question, real or made."""
        py = self.py
        thing = self.thing()
        if py.random() < self.real:
            text = self._real()
            return text, want(text, 5.25), thing
        if self.lang == "en":
            tokens, frame = py.choice(FRAMES)
            bits, tails, other = EN_BITS, EN_TAILS, self.thing()
        else:
            frames, bits, tails, _, _ = TONGUES[self.lang]
            frame, other = py.choice(frames), self.thing()
            tokens = 110 + len(frame) % 7 * 50
        tail = py.choice(tails) if self.polite < 0.8 else " "
        text = f"{frame} {tail}".replace("{b}", py.choice(bits))
        text = self._fill(text, thing, other)
        if self.lower and self.lang == "en":
            text = text.lower().rstrip("?.")
        return text, tokens * want(text, 0) ** 0.9, thing

    def follow(self, thing) -> tuple:
        """Return a later turn."""
        py = self.py
        lines, bits = (EN_FOLLOW, EN_BITS) if self.lang == "en" else self._own_follow()
        text = py.choice(lines).replace("{b}", py.choice(bits))
        if py.random() < 0.55:
            text = f"{py.choice(('{t}', '{u}', '{t} / {u}'))}: {text}"
        return self._fill(text, thing, self.thing()), 130 * want(text, 0)

    def _own_follow(self) -> tuple:
        _, bits, _, _, follow = TONGUES[self.lang]
        return follow, bits

    def _fill(self, text: str, thing: str, other: str) -> str:
        text = text.replace("{t}", thing or other).replace("{u}", other)
        while "{n}" in text:
            text = text.replace("{n}", str(self.py.randint(2, 60)), 1)
        return " ".join(spin(self.py, text).split())

    def _real(self) -> str:
        bank, py = self.bank, self.py
        if self.lang == "zh":
            text = py.choice(bank.zh if py.random() < 0.5 else bank.decks["counsel"])
        elif self.wide or py.random() < 0.3:
            text = py.choice(bank.people)
        else:
            text = bank.people[py.choice(bank.shelves[py.choice(self.keys)])]
        return bank.vary(text) if py.random() < 0.3 and self.lang == "en" else text


class Each:
    """A speaker that makes every request on its own, by one function."""

    def __init__(self, make, base: float = 5.4):
        self.make, self.base = make, base

    def __call__(self, sessions):
        """Speak without regard to sessions; make returns a text, or a text and its tokens."""
        said = []
        for _ in sessions:
            got = self.make()
            text, tokens = got if isinstance(got, tuple) else (got, want(got, self.base))
            said.append((text, tokens, False))
        return said


class Mix:
    """Several speakers by session, with weights."""

    def __init__(self, w, speakers, weights):
        self.py, self.speakers, self.weights = w.py, speakers, weights

    def __call__(self, sessions):
        """Let each session be led by one of the speakers."""
        said, i = [], 0
        while i < len(sessions):
            j = i
            while j < len(sessions) and sessions[j] == sessions[i]:
                j += 1
            said += self.py.choices(self.speakers, self.weights)[0](sessions[i:j])
            i = j
        return said


class Clip:
    """A speaker whose first requests follow a common script, and then its own mind."""

    def __init__(self, script, then):
        self.script, self.then = script, then

    def __call__(self, sessions):
        """Speak the script's lines in order, then freely."""
        head = [(t, want(t, 5.4), False) for t in self.script[: len(sessions)]]
        return head + self.then(sessions[len(head) :])
