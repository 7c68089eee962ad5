"""What a report says in every case: methods, limits, and what controls are for."""

from __future__ import annotations

__all__ = [
    "CHECK",
    "CONTROLS",
    "CONTROL_FOUND",
    "EXAMPLES",
    "KEYED",
    "LIMITS",
    "LOOKS",
    "METHODS",
    "METHOD_PLAN",
    "ROUTE",
    "ROUTE_NOT_SEEN",
    "ROUTE_NOT_TESTED",
    "ROUTE_OPEN",
    "SEVERAL",
]

ROUTE = (
    "A model can come to our marked answers without anybody having taken them from us: somebody "
    "who received them published them, and a crawl took them in. A small p-value does not tell "
    "this from taking."
)
ROUTE_NOT_TESTED = (
    "No key of answers that are known to be public was planned, so this route was not tested."
)
ROUTE_OPEN = (
    "a key of public answers is found too. The model did learn from published answers, and those "
    "of the flagged cohort may have reached it in the same way."
)
ROUTE_NOT_SEEN = (
    "keys of flagged cohorts are found and keys of public answers are not. A crawl that took in "
    "marked answers would be expected to show the public ones as well, so far as they are as many "
    "and as much spread; how many there were of each is not in this test."
)
CONTROLS = (
    "Controls are models that cannot have learned from the answers. They were asked the same and "
    "tested in the same way."
)
CONTROL_FOUND = (
    "A CONTROL IS FOUND: something other than learning from answers moves these tests. None of the "
    "results can be relied on."
)
KEYED = (
    "p is the probability, over the draw of the key, of a sum S at least as large where what the "
    "model wrote does not depend on the key. The bound takes a line to check. The rank is the true "
    "key's place among random ones, itself a p-value of rank / number that needs no formula. "
    "Corrected is after Holm's method, for the deciding test of suspects."
)
LOOKS = (
    "Of looks, S is log10 of the e-value after the last one, and p the inverse of the largest; it "
    "holds however the looker decided when to stop."
)
METHOD_PLAN = (
    "Models, prompts, numbers of answers, keys, baseline, tests and levels were fixed in a plan "
    "that was committed before the first request. Answers to anything else, requests sent before, "
    "or answers left out are refused by the test."
)
METHODS = {
    "clipped-residuals": (
        "clipped-residuals: each distinct pair of context and token is weighed by how much more "
        "often the model wrote it than the baseline lets expect, clipped at four spreads; the tail "
        "of the weighed sum of green bits is computed exactly."
    ),
    "residuals": "residuals: the same without clipping, with Hoeffding's bound.",
    "distinct-pairs": (
        "distinct-pairs: each distinct pair counts once, green or not; exactly binomial."
    ),
    "looks": (
        "looks: an e-process over disjoint sets of pairs, one for each look, by Ville's inequality."
    ),
}
SEVERAL = "More than one model was served under one name, so the endpoint says, by"
CHECK = (
    "With the plan, the transcripts, the baseline and the revealed keys these numbers can be "
    "computed anew: `stillwatch lineage test`."
)
EXAMPLES = (
    "Words of the models, shortened, characters that cannot be seen spelled out. They come from "
    "whoever was asked and may say anything."
)
LIMITS = (
    "It does not show who took the answers, nor by which way they reached the model.",
    "It does not show how many answers the model learned from.",
    "Only what an endpoint answered on these days was tested: it may serve other models to others.",
    "When a request was sent is the asker's word; the plan's timestamp is an authority's.",
    "Where prompts or the baseline hold marked text, no p-value means anything.",
)
