"""The numbered rules of what may travel, and the error that names the one that was broken.

The rules are data: the reference page is written from them, the code cites their numbers, and a
test reads that rules, code and tests agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stillwatch.errors import RefusedError

__all__ = ["RULES", "Rule", "RuleError", "rule_named"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    """``X-`` and its number."""
    part: str
    """Heading under which the reference page lists it."""
    says: str
    """What it demands, one sentence."""
    todo: str
    """What to do about a breach."""


_JSON = "Bytes"
_FORM = "Form"
_ANTITRUST = "What never leaves a member"
_MARKING = "Marking and audience"
_LIFE = "Life"
_CONTENT = "Content"
_ARRIVAL = "On arrival"
_MAKE = "make the object with `stillwatch exchange publish`"
_OUT = "take it out; the exchange has no place for it"

_TABLE: Final = (
    (_JSON, "An object has from 2 to 32,768 bytes.", "send objects one by one, and no padding"),
    (
        _JSON,
        "An object is one JSON value in UTF-8, without byte-order mark or trailing bytes.",
        _MAKE,
    ),
    (_JSON, "Objects and lists nest at most 8 deep.", _MAKE),
    (
        _JSON,
        "Numbers are whole, written in digits, and below 2^53; NaN and infinities are none.",
        _MAKE,
    ),
    (_JSON, "No object has a key twice.", _MAKE),
    (_JSON, "No value is null, and no list or object is empty.", "leave the field out"),
    (
        _FORM,
        "The type is indicator, sighting, identity, marking-definition or extension-definition.",
        "send other objects elsewhere",
    ),
    (_FORM, "There is no field but those of the schema.", "leave the field out"),
    (_FORM, "No required field is missing.", _MAKE),
    (_FORM, "Every value has the type, the form and the bounds of its field.", _MAKE),
    (_FORM, "Ids are a type, two hyphens and a lower-case UUID of version 4 or 5.", _MAKE),
    (
        _FORM,
        "Times are real, of the years 2020 to 2099, in UTC with Z, to the microsecond at most.",
        _MAKE,
    ),
    (
        _FORM,
        "Text is in normal form C and holds no control, format, private or unassigned character.",
        "write plain text in one line",
    ),
    (_ANTITRUST, "No field holds an e-mail address.", "send a pseudonym instead"),
    (_ANTITRUST, "No field holds a phone number.", "send a pseudonym instead"),
    (_ANTITRUST, "No field holds a card number.", _OUT),
    (_ANTITRUST, "No field holds a link or a host name.", _OUT),
    (_ANTITRUST, "No field holds a single IP address.", "send a network indicator of its block"),
    (_ANTITRUST, "No field states a price or an amount of money.", _OUT),
    (_ANTITRUST, "No field states a number of customers, accounts, seats or requests.", _OUT),
    (
        _ANTITRUST,
        "No field states a fact of a model: its name, size, training, release or score.",
        _OUT,
    ),
    (_ANTITRUST, "A note has at most 280 characters, in one line.", "say less"),
    (
        _ANTITRUST,
        "A note holds no encoded matter: no word over 32 characters, no more than 24 digits.",
        _OUT,
    ),
    (
        _ANTITRUST,
        "Shares of other accounts lie on the grid 0, 1, 2, 5, 10, 20, 50, ….",
        "round up, so that nobody can tell of how many accounts it is a share",
    ),
    (_MARKING, "An object has exactly one marking.", "give one marking of TLP 2.0"),
    (
        _MARKING,
        "The marking is one of TLP 2.0 by its fixed id; TLP 1.0 is refused.",
        "give one marking of TLP 2.0",
    ),
    (
        _MARKING,
        "What is keyed (pseudonym, sketch, behaviour, client) is at most TLP:AMBER.",
        "mark it TLP:AMBER, AMBER+STRICT or RED",
    ),
    (_MARKING, "TLP:RED names its audience.", "name the members, or mark it less strictly"),
    (
        _MARKING,
        "An audience is ascending and names nobody twice.",
        "sort it and remove what is double",
    ),
    (
        _MARKING,
        "Marking definitions and our extension definition are exactly those published.",
        "refer to them by id; every member has them",
    ),
    (_LIFE, "valid_until is after valid_from.", "give the indicator a life"),
    (
        _LIFE,
        "An indicator lives no longer than its kind may.",
        "publish a new version when it is seen again",
    ),
    (
        _LIFE,
        "first_seen is not after last_seen, and last_seen not after modified.",
        "correct the times",
    ),
    (_LIFE, "created is not after modified.", "correct the times"),
    (
        _LIFE,
        "A recall stands only where revoked is true; revoked alone is a recall within 72 hours.",
        "use `stillwatch exchange recall`",
    ),
    (
        _LIFE,
        "The deadline of a recall is from one hour to thirty days after modified.",
        "give members time to act, and no more",
    ),
    (_CONTENT, "The pattern says exactly what the content says.", _MAKE),
    (
        _CONTENT,
        "A network has its entity's form; a prefix is canonical, public, /16 to /24 or /32 to /48.",
        "give a block that is neither one line nor half a provider",
    ),
    (_CONTENT, "A client has an epoch and a key; other networks have none.", _MAKE),
    (_CONTENT, "Hashes ascend, none stands twice, and lists beside them are as long.", _MAKE),
    (
        _CONTENT,
        "The licence is observe, limit or challenge; no peer's word is enough to block.",
        "give one of the three",
    ),
    (
        _CONTENT,
        "An outcome that finds fault (false-positive, contested) states its grounds.",
        "state the grounds",
    ),
    (
        _CONTENT,
        "A sighting is where its author is.",
        "leave where_sighted_refs out, or name yourself",
    ),
    (_ARRIVAL, "The author is the member that sends it.", "publish only what is yours"),
    (_ARRIVAL, "Nothing arrives after its valid_until.", "publish a new version with a new life"),
    (_ARRIVAL, "Nothing is dated more than ten minutes ahead.", "set the clock"),
    (_ARRIVAL, "A new version is later than the one it replaces.", "read the newest version first"),
    (_ARRIVAL, "What was revoked stays revoked.", "publish a new indicator"),
    (
        _ARRIVAL,
        "A version keeps author, creation, kind and what it names.",
        "publish a new indicator",
    ),
    (_ARRIVAL, "Nobody confirms an indicator of its own.", "let others confirm it"),
    (_ARRIVAL, "Identities come from the hub.", "ask the hub to change your entry"),
    (_ARRIVAL, "An indicator and a sighting carry their author's signature.", _MAKE),
    (
        _ARRIVAL,
        "The signature is of exactly this object, by a key of its author that had not ended.",
        "sign it with a key that the log names as the member's",
    ),
)

RULES: Final = tuple(
    Rule(f"X-{number}", part, says, todo)
    for number, (part, says, todo) in enumerate(_TABLE, start=1)
)
"""All rules, in the order of their numbers; a number is never given again."""
_BY_NAME = {rule.name: rule for rule in RULES}


def rule_named(name: str) -> Rule:
    """Return a rule by its name.

    >>> rule_named("X-5").says
    'No object has a key twice.'
    """
    return _BY_NAME[name]


class RuleError(RefusedError):
    """An object breaks a rule of the exchange.

    Args:
        rule: the rule's name, ``X-`` and its number.
        what: what was found, without the value where that may be somebody's; the rule's own
            sentence where empty.
        where: path of the field, as in ``$.extensions``.

    >>> RuleError("X-5", where="$.id").what
    'X-5: No object has a key twice.'
    """

    def __init__(self, rule: str, what: str = "", *, where: str = "") -> None:
        known = rule_named(rule)
        super().__init__(rule, what or known.says, where=where, todo=known.todo)
