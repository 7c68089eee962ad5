"""Texts of a world: real prompts, endless composed ones, and ways to vary them."""

import re
from collections import Counter

import pyarrow.parquet as pq
from tongues import ASK, BANK, KEYS, PEOPLE

# frames # slots a # slots b # slots q
_PARTS = {
    "math": "A {a} sells {n} {b} at {m} each and {k} more at a discount of {j} percent; what is {q}?|Let x be the number of {b} in {n} boxes of {m}, with {k} removed. Find {q}.|{n} workers of a {a} finish {m} {b} in {k} hours. With {j} workers more, find {q}.|Prove or refute: if a {a} keeps {n} {b} and loses {j} a day, after {k} days {q} exceeds {m}.|In a {a}, {b} arrive at rate {n} an hour and leave at {m}. Starting from {k}, find {q}.#bakery|library|farm|ferry company|school|workshop|hospital|vineyard|post office|garage#loaves|books|tickets|crates|bottles|lamps|seats|letters|tyres|bulbs#the total revenue|the expected remainder|the least possible count|the time needed|the ratio of the two parts|the probability of a surplus|the average per day",
    "code": "Implement {a} that supports {b}, with {q}.|Write {a} in the style of production code: {b}; include {q}.|Refactor a naive version of {a} so that it handles {b}. Constraint: {q}.|Given {n} million records, design {a} with {b} and {q}.|Find the bug class likely in {a} under {b}, then fix it; {q}.|Port {a} from C to Rust, keeping {b} and adding {q}.#an LRU cache|a rate limiter|a CSV parser|a priority scheduler|a B-tree index|a websocket relay|a diff algorithm|an expression evaluator|a retry queue|a bloom filter|a trie autocomplete|a ring buffer|a tokenizer|a matrix library#concurrent writers|partial failure|unicode input|out-of-order events|cancellation|pagination|backpressure|time zones|sparse keys|versioned schemas|streaming reads|tenant isolation#unit tests|complexity below n log n|no external packages|typed interfaces|at most {m} lines|a memory bound of {k} MB|clear error messages|a benchmark",
    "reason": "{n} {b} sit around {a}; {k} of them always lie. Given the statements about {q}, who can be trusted?|Is the argument valid? All {b} near {a} know {q}; some who know {q} left after {n} days.|Weigh the evidence: {a} reports {q}, while {m} {b} deny it. What follows?|Which assumption does the claim need: '{q} rose by {n} percent because {b} came to {a}'?|Rank the explanations for {q} at {a} when {k} of {n} {b} changed.|Two {b} disagree on {q} at {a}. Reconstruct both positions and decide.#a round table|the harbour|a court|the clinic|a remote station|the parliament|a factory|the museum|an airport|the market#judges|sailors|nurses|engineers|merchants|guards|teachers|farmers|pilots|clerks#the missing key|water use|a change of rules|the price of grain|a false alarm|the order of arrival|staff turnover|the origin of a letter|delays|the vote",
    "tools": "You have functions {q} and {b}. Plan the calls to {a} for customer {n}{m}.|Use {b} to {a}; when it fails {k} times fall back to {q}. Show calls with arguments.|Agent task: {a}. Available: {b}, {q}. Budget {n} calls.|Observation {k}: {b} returned {n} rows. Goal: {a}. Decide on the next call or use {q}.|Decompose '{a}' into sub-goals for three agents holding {b} and {q}.#reconcile invoices|move a meeting|find the cheapest route|triage an incident|rename files by content|migrate a table|compare two contracts|refund an order|summarise a mailbox|check stock levels|patch a server|build a weekly report#search_docs|sql_query|send_mail|run_shell|http_get|read_sheet|calendar_list|vector_lookup|open_ticket#browser_click|write_file|ask_user|python_exec|geo_lookup|git_diff|queue_push|ocr_page",
    "rubric": "Grade this answer from 0 to {j}: '{a} mainly depends on {b}'. Criteria: {q}.|Compare answer A ('{a} follows from {b}') and B ('{b} follows from {a}') on {q}. Which is better?|Act as an examiner. Question {n}: how does {a} relate to {b}? Score a weak reply on {q} and write the ideal one.|Write a rubric of {k} points on {q} for essays about {a} and {b}, with a model essay.|Critique, then improve: 'In {n} cases {a} was caused by {b}.' Judge {q}.#inflation|photosynthesis|judicial review|sleep quality|plate tectonics|market entry|bacterial resistance|urban heat|voter turnout|supply delay|reading skill|bridge fatigue#money supply|light intensity|precedent|screen time|mantle flow|brand trust|dosage|tree cover|registration rules|port capacity|vocabulary|vibration#accuracy|depth of evidence|clarity|logical order|completeness|calibration|use of sources|tone",
    "science": "Explain how {a} affects {b} with regard to {q}, at the level of a {k}th-year course.|Derive the relation between {a} and {b} and estimate {q} for a value of {n}.|A sample shows {a} after {n} minutes at {m} degrees. Interpret {b} and {q}.|Design an experiment on {a} that separates {b} from {q} with {k} groups.|A patient of {n} has {a}; discuss {b} and {q}.#enzyme inhibition|thermal expansion|osmosis|diffraction|anaemia|soil acidity|doping of silicon|viral load|catalyst poisoning|fatigue cracks|hypertension|tidal heating#reaction rate|membrane potential|yield|resolution|kidney function|conductivity|signal to noise|selectivity|recovery time|orbital energy#error bars|likely confounders|limiting cases|safety|differential diagnosis|scaling|cost|units",
}
PARTS = {k: [x.split("|") for x in v.split("#")] for k, v in _PARTS.items()}
PURPOSES = tuple(PARTS)


def fill(r, text):
    """Put numbers and places into the slots of a phrase."""
    if "{" not in text:
        return text
    for slot, low, high in (("n", 2, 97), ("m", 11, 480), ("k", 3, 24), ("j", 2, 30)):
        if "{" + slot + "}" in text:
            text = text.replace("{" + slot + "}", str(r.randint(low, high)))
    return text.replace("{p}", r.choice(BANK["places"]))


def compose(r, purpose):
    """Return a task of one purpose that is unlikely to be said twice."""
    frames, a, b, q = PARTS[purpose]
    text = r.choice(frames).replace("{a}", r.choice(a)).replace("{b}", r.choice(b))
    return fill(r, text.replace("{q}", r.choice(q)))


def ask(r, lang, columns=None):
    """Return one sentence that asks for the whole reasoning."""
    parts = columns or [c.split("|") for c in ASK.get(lang, ASK["en"]).split("#")]
    return ("" if lang in ("zh", "ja") else " ").join(r.choice(p) for p in parts)


def layout(r, lang):
    """Return a sentence that asks for a form of the answer."""
    form = r.choice(KEYS["zh" if lang == "zh" else "en"].split("|"))
    if lang == "zh":
        return "输出格式：" + form + "。"
    return r.choice(("Reply as ", "Output format: ", "Use ", "Return ")) + form + "."


def _by_subject(prompts):
    """Order prompts so that neighbours share a word that few others have."""
    words = [set(re.findall(r"[a-z]{4,}|[\u4e00-\u9fff]{2}", p.lower()[:300])) for p in prompts]
    count = Counter(w for ws in words for w in ws)
    near = [[(abs(count[w] - 15), w) for w in s if 2 < count[w] < 80] for s in words]
    keys = [min(x)[1] if x else "" for x in near]
    return [p for _, p in sorted(zip(keys, prompts))]


class Library:
    """Prompts of all sources, divided by who sends them."""

    def __init__(self, data, r):
        def read(name, column="prompt"):
            return pq.read_table(data / f"{name}.parquet").column(column).to_pylist()

        wild, lang = read("instructionwild_users"), read("instructionwild_users", "lang")
        english = read("arena_users_2023") + read("oasst_prompts")
        english += [p for p, x in zip(wild, lang) if x == "en"]
        english += [p for p in read("awesome_prompts") if len(p) < 500]
        chinese = [p for p, x in zip(wild, lang) if x == "zh"] + read("awesome_prompts_zh")
        chinese += read("smile_zh_multiturn")[::3]
        self.people = {"en": _by_subject(english), "zh": _by_subject(chinese)}
        self.tickets = read("banking77_tickets")
        self.exams = read("gsm8k_eval")
        made = {"instruct": read("alpaca_instruct"), "code": read("codealpaca_gpt4")}
        made["reason"] = read("logicot_reasoning") + read("huatuo_o1_reasoning")
        made["tools"] = read("taskbench_tools")
        for texts in made.values():
            r.shuffle(texts)
        # the same kinds of text are sent by innocent people and by harvesters, never split by source
        self.common = {k: v[: len(v) * 2 // 5] for k, v in made.items()}
        self.taken = {k: v[len(v) // 3 :] for k, v in made.items()}
        self.code = _by_subject(read("cosqa_bing_code") + self.common["code"])

    def interests(self, r, pool, count=3, width=25):
        """Return a person's few subjects: windows of an ordered pool."""
        found = []
        for _ in range(count):
            low = r.randrange(max(1, len(pool) - width))
            found += pool[low : low + width]
        return found

    def vary(self, r, text):
        """Say an English prompt in a person's own way."""
        if r.random() < 0.35:
            return text
        if r.random() < 0.25:
            text = text.lower()
        if r.random() < 0.45:
            text = r.choice(BANK["open"]) + text
        if r.random() < 0.6:
            text += fill(r, r.choice(BANK["end"]))
        return text

    def person(self, r, lang, breadth=3):
        """Return two functions: what a person asks first, and how they go on."""
        own = self.interests(r, self.people[lang], breadth) if lang in self.people else []
        tongue = PEOPLE.get(lang)
        topics = r.sample(tongue["topics"], min(4, breadth + 1)) if tongue else []

        def first():
            if lang == "en":
                return self.vary(r, r.choice(own))
            if own and r.random() < 0.6:
                return r.choice(own)
            text = r.choice(tongue["frames"]).replace("{t}", r.choice(topics))
            return fill(r, text + " " + r.choice(tongue["tails"]) if r.random() < 0.7 else text)

        def follow():
            return fill(r, r.choice(tongue["follow"] if tongue else BANK["follow"]))

        return first, follow

    def crowd(self, r, lang):
        """Return what anyone might ask: all subjects, one after another in a dealt order."""
        deck = []

        def first():
            if lang not in self.people:
                return self.person(r, lang, 9)[0]()
            if not deck:
                deck.extend(r.sample(self.people[lang], len(self.people[lang])))
            text = deck.pop()
            return self.vary(r, text) if lang == "en" else text

        return first

    def deal(self, r, purpose):
        """Return a dealer of harvest tasks that hardly says the same twice."""
        deck = list(self.taken.get(purpose, ()))
        r.shuffle(deck)
        made = purpose if purpose in PARTS else r.choice(PURPOSES)
        share = r.uniform(0.2, 0.6)

        def first():
            return deck.pop() if deck and r.random() < share else compose(r, made)

        return first


def shots(r, lib, count):
    """Return a few-shot block of a public evaluation."""
    chosen = r.sample(lib.exams, count)
    return "\n\n".join(t.split("\n\n")[0][:420] + " ..." for t in chosen)
