"""What is fixed before a suspect is asked anything: a plan, and the note that commits to it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import InputFormatError, RefusedError
from stillwatch.ledger import canonical
from stillwatch.ledger.notes import parse_note, sign_note, verify_note
from stillwatch.prove.lineage.asking import Asking, Model  # noqa: TC001 - msgspec reads it
from stillwatch.prove.lineage.statistics import STATISTICS
from stillwatch.prove.watermark import GreenRed, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger import SigningKey, VerifyKey
    from stillwatch.prove.watermark import Texts

__all__ = ["LOOKS", "PLAN_SCHEMA", "Plan", "commit_plan", "digest_of", "verify_plan"]

PLAN_SCHEMA = "stillwatch-lineage-plan-1"
"""``schema`` of a plan."""

LOOKS = "looks"
"""Name in a plan of the test that looks early."""

_FORM = re.compile(
    r"stillwatch lineage plan v1\nplan (?P<digest>[0-9a-f]{64})\n"
    r"time (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a test could otherwise be bent by.

    Raises:
        RefusedError: T-1 a field is out of its range, or two names are alike.
    """

    tests: tuple[str, ...]
    """Names of statistics, `LOOKS`, and names of `parts`.  The first that needs a key decides, the
    others that need one are reported beside it."""
    suspects: tuple[str, ...]
    """Models that may have learned from marked answers."""
    controls: tuple[str, ...]
    """Models that did not: one at least."""
    keys: tuple[str, ...]
    """Names of the keys that are tried, such as ``2026-11/campaign-7``; none where no test needs
    one, and then nothing that belongs to them is said either."""
    key_ids: tuple[str, ...]
    """The ids of those keys, in the same order; an id does not give its key away."""
    family: int
    """Hypotheses that Holm's correction counts: suspects times all keys that were committed and
    could have been tried, over all epochs, and times `parts`; not below suspects times both."""
    scheme: dict[str, str | int | float]
    """Settings of the watermark."""
    prompts: str
    """SHA-256 of the prompts' file; prompts hold no marked text."""
    baseline: str
    """`digest_of` the baseline's token ids; no baseline is marked."""
    prior: float
    """As `count` takes it."""
    tokens: int
    """Token ids of each subject's answers that are tested, neither more nor fewer."""
    looks: int
    """How often `LOOKS` looks, at equal parts of the answers; 1 where it is not among the tests."""
    alpha: float
    """Chance of accusing anybody wrongly that is accepted, over the family."""
    wrong_keys: int
    """Keys among which each true key is ranked."""
    public: tuple[str, ...] = ()
    """Those of `keys` whose answers are known to be public: what a crawl would have taken in."""
    tokenizer: str = ""
    """SHA-256 of the tokenizer's file that turns answers into token ids."""
    parts: dict[str, str] = field(default_factory=dict)
    """Tests without a watermark: names and SHA-256 of each as it is planned."""
    models: tuple[Model, ...] = ()
    """Where the models are asked: suspects, controls, and what `parts` need beside them."""
    asking: Asking | None = None
    """How they are asked."""
    schema: str = PLAN_SCHEMA

    def __post_init__(self) -> None:
        names = (self.tests, self.keys, self.key_ids, (*self.suspects, *self.controls))
        for some in names:
            if len(set(some)) < len(some):  # T-1
                raise RefusedError("T-1", "a plan's names are alike", where=str(some))
        if not self.tests or not self.suspects or not self.controls:  # T-1
            raise RefusedError("T-1", "a plan has no test, no suspect or no control")
        known = {*(statistic.name for statistic in STATISTICS), LOOKS}
        if not set(self.tests) <= known | set(self.parts):  # T-1
            odd = ", ".join(sorted(set(self.tests) - known - set(self.parts)))
            raise RefusedError("T-1", "a planned test is not known", where=odd)
        keyed = self.keyed
        tried = (len(self.keys) if keyed else 0) + len(self.parts)
        sound = (
            self.schema == PLAN_SCHEMA
            and len(self.keys) == len(self.key_ids)
            and bool(self.keys) == bool(keyed)
            and set(self.public) <= set(self.keys)
            and set(self.parts) <= set(self.tests) - known
            and all(map(_DIGEST.fullmatch, self.parts.values()))
            and self.family >= tried * len(self.suspects)
            and (not self.tokenizer or _DIGEST.fullmatch(self.tokenizer))
            and 1 <= self.looks <= 1000
            and 0 < self.alpha < 1
            and self.wrong_keys >= 0
        )
        if not sound:  # T-1
            raise RefusedError("T-1", "a plan's field is out of its range")
        if keyed:
            self._check_keyed()
        self._check_models()

    @property
    def keyed(self) -> tuple[str, ...]:
        """Names of the tests that need keys, in order; the first decides."""
        return tuple(name for name in self.tests if name not in self.parts)

    def tokens_at(self, look: int) -> int:
        """Return the tokens of a model that a look has, from 1 to `looks`."""
        return self.tokens * look // self.looks

    def _check_keyed(self) -> None:
        sound = (
            _DIGEST.fullmatch(self.prompts)
            and _DIGEST.fullmatch(self.baseline)
            and self.prior > 0
            and self.tokens > 0
        )
        if not sound:  # T-1
            raise RefusedError("T-1", "a plan's field is out of its range")
        self.marking()

    def _check_models(self) -> None:
        if (self.asking is None) != (not self.models):  # T-1
            raise RefusedError("T-1", "a plan has models and not how they are asked, or not models")
        named = [model.name for model in self.models]
        by_role = {
            role: [model.name for model in self.models if model.role == role]
            for role in ("suspect", "control")
        }
        agree = by_role == {"suspect": [*self.suspects], "control": [*self.controls]}
        # names of files: some file systems do not tell case apart
        alike = len({name.casefold() for name in named}) < len(named)
        if named and (alike or not agree):  # T-1
            raise RefusedError("T-1", "a plan's models are not its suspects and controls, or alike")

    def marking(self) -> GreenRed:
        """Return the watermark.

        Raises:
            RefusedError: T-1 it is none that these tests can find.
        """
        try:
            scheme = scheme_of(self.scheme)
        except InputFormatError as error:
            raise RefusedError("T-1", f"a plan's scheme: {error}") from error
        if not isinstance(scheme, GreenRed) or scheme.gamma != 0.5:  # T-1
            raise RefusedError("T-1", "these tests need a green-red mark with gamma 0.5")
        return scheme

    def encode(self) -> bytes:
        """Return the plan as canonical JSON."""
        return canonical(msgspec.to_builtins(asdict(self)))

    @classmethod
    def decode(cls, raw: bytes) -> Plan:
        """Return the plan in canonical JSON.

        Raises:
            RefusedError: T-1 it is not in its form.
        """
        try:
            plan = msgspec.convert(msgspec.json.decode(raw), cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # T-1
            raise RefusedError("T-1", f"a plan is not in its form: {error}") from error
        if plan.encode() != raw:  # T-1
            raise RefusedError("T-1", "a plan is not in canonical form or has other fields")
        return plan

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's bytes, hex."""
        return hashlib.sha256(self.encode()).hexdigest()


def digest_of(texts: Texts) -> str:
    """Return SHA-256 over texts of token ids and where they begin, hex."""
    whole = hashlib.sha256(b"stillwatch texts v1\n%d\n" % texts.offsets.size)
    whole.update(texts.offsets.astype("<i8").tobytes())
    whole.update(texts.tokens.astype("<u4").tobytes())
    return whole.hexdigest()


def commit_plan(plan: Plan, key: SigningKey, now: int) -> bytes:
    """Return the signed note that commits to a plan; publish it before the first query.

    Args:
        plan: what will be done.
        key: signs.
        now: seconds since 1970.
    """
    when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"stillwatch lineage plan v1\nplan {plan.digest}\ntime {when}\n"
    return sign_note(text, [key]).encode()


def verify_plan(plan: Plan, note: bytes, keys: Iterable[VerifyKey]) -> int:
    """Return when a plan was committed by its signer's clock, seconds since 1970.

    Raises:
        RefusedError: L-4 to L-7 the note or its signature; T-2 it commits to another plan.
    """
    parsed = parse_note(note)
    verify_note(parsed, keys)
    form = _FORM.fullmatch(parsed.text)
    if form is None or form["digest"] != plan.digest:  # T-2
        raise RefusedError("T-2", "the note commits to another plan or to none")
    try:
        return int(datetime.fromisoformat(form["time"]).timestamp())
    except ValueError as error:  # T-2
        raise RefusedError("T-2", "the note's time is none") from error
