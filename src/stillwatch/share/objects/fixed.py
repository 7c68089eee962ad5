"""Objects that are the same everywhere: the markings of TLP 2.0 and our extension's definition."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from stillwatch.share.objects.fields import EXTENSION_ID
from stillwatch.share.objects.record import (
    TLP_EXTENSION,
    ExtensionDefinition,
    Identity,
    MarkingDefinition,
)

__all__ = ["EXTENSION", "PROJECT", "TLP", "TLP_1", "TLP_IDS", "WIDTH", "Tlp", "tlp_of"]

Tlp: TypeAlias = Literal["clear", "green", "amber", "amber+strict", "red"]

TLP_IDS: Final[dict[str, Tlp]] = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
"""Ids that FIRST fixed."""
WIDTH: Final[dict[Tlp, int]] = {"clear": 4, "green": 3, "amber": 2, "amber+strict": 1, "red": 0}
"""How far each lets an object go; more is wider."""
TLP_1: Final = frozenset(
    {
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
    }
)
"""Ids of TLP 1.0, which are refused by their name."""


def _marking(number: str, word: Tlp) -> MarkingDefinition:
    return msgspec.convert(
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": number,
            "created": "2022-10-01T00:00:00.000Z",
            "name": f"TLP:{word.upper()}",
            "extensions": {
                TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": word}
            },
        },
        MarkingDefinition,
    )


TLP: Final[dict[Tlp, MarkingDefinition]] = {
    word: _marking(number, word) for number, word in TLP_IDS.items()
}
"""The five markings by their word."""
_MADE = "2026-11-22T00:00:00.000Z"
PROJECT: Final = Identity(
    spec_version="2.1",
    id="identity--e6762e44-032c-46e8-9ebb-17c6fb43c832",
    created=_MADE,
    modified=_MADE,
    name="stillwatch",
    identity_class="system",
)
"""Author of the extension's definition."""
EXTENSION: Final = ExtensionDefinition(
    spec_version="2.1",
    id=EXTENSION_ID,
    created_by_ref=PROJECT.id,
    created=_MADE,
    modified=_MADE,
    name="stillwatch exchange",
    description=(
        "Indicators of adversarial distillation of language models: pseudonyms of an oblivious "
        "PRF, "
        "keyed sketches of text, networks and behaviour, with a licence to act, an audience and "
        "recalls; outcomes of sightings. It has no field for prompts, clear identifiers, prices, "
        "counts of customers or facts of models."
    ),
    schema="urn:stillwatch:exchange:1: the JSON Schema in docs/reference/exchange.schema.json",
    version="1.0.0",
    extension_types=["property-extension"],
)
"""Definition of our extension."""


def tlp_of(markings: list[str]) -> Tlp:
    """Return the TLP of an object that was accepted, which has exactly one marking.

    >>> tlp_of(["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"])
    'amber'
    """
    return TLP_IDS[markings[0]]
