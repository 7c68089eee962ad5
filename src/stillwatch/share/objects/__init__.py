"""What travels between members: STIX 2.1 objects in a closed schema, under numbered rules."""

from stillwatch.share.objects.arrival import check_arrival, expired
from stillwatch.share.objects.authorship import (
    OBJECT_TYPE,
    AuthorKey,
    check_author,
    proof_text,
    signed,
    unsigned,
)
from stillwatch.share.objects.checks import seconds
from stillwatch.share.objects.content import (
    Behaviour,
    Content,
    Network,
    Pseudonym,
    Sketch,
)
from stillwatch.share.objects.examples import examples
from stillwatch.share.objects.fields import EXTENSION_ID, LARGEST
from stillwatch.share.objects.fixed import EXTENSION, PROJECT, TLP, TLP_IDS, WIDTH, Tlp, tlp_of
from stillwatch.share.objects.life import LIVES, Life, belief, kind_of
from stillwatch.share.objects.making import (
    campaign_ref,
    new_indicator,
    new_sighting,
    recalled,
    revised,
    stamp,
)
from stillwatch.share.objects.patterns import pattern_of
from stillwatch.share.objects.record import (
    OUTCOMES,
    TYPES,
    ExtensionDefinition,
    Identity,
    Indicator,
    MarkingDefinition,
    Object,
    Recall,
    Sighting,
)
from stillwatch.share.objects.rules import RULES, Rule, RuleError, rule_named
from stillwatch.share.objects.schema import exchange_schema
from stillwatch.share.objects.wire import canonical, parse, parse_canonical

__all__ = [
    "EXTENSION",
    "EXTENSION_ID",
    "LARGEST",
    "LIVES",
    "OBJECT_TYPE",
    "OUTCOMES",
    "PROJECT",
    "RULES",
    "TLP",
    "TLP_IDS",
    "TYPES",
    "WIDTH",
    "AuthorKey",
    "Behaviour",
    "Content",
    "ExtensionDefinition",
    "Identity",
    "Indicator",
    "Life",
    "MarkingDefinition",
    "Network",
    "Object",
    "Pseudonym",
    "Recall",
    "Rule",
    "RuleError",
    "Sighting",
    "Sketch",
    "Tlp",
    "belief",
    "campaign_ref",
    "canonical",
    "check_arrival",
    "check_author",
    "examples",
    "exchange_schema",
    "expired",
    "kind_of",
    "new_indicator",
    "new_sighting",
    "parse",
    "parse_canonical",
    "pattern_of",
    "proof_text",
    "recalled",
    "revised",
    "rule_named",
    "seconds",
    "signed",
    "stamp",
    "tlp_of",
    "unsigned",
]
