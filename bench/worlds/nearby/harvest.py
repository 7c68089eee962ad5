"""What campaigns ask: job queues over every subject, and wordings that draw out long answers."""

from scribe import TASTES, Mind, Style, taste
from words import LANGS, SPIN, TRADES, Layout, Speaker, table
from world import Say, World

SORTS = {name: (float(line.split()[0]), line.split()[1:]) for name, line in table("sorts").items()}


class Wording:
    """A campaign's ways of asking: a few fixed ones, free ones, a form, the system prompt, none."""

    def __init__(self, w: World, langs: list[str], way: str | None = None) -> None:
        rnd, self.w = w.rnd, w
        self.way = way or rnd.choice("fixed fixed free free form system none".split())
        self.head, self.rate, self.form = rnd.random(), rnd.uniform(0.6, 1.0), Layout(rnd)
        count = 0 if self.way == "free" else rnd.choice([1, 2, 3, 6, 12])
        self.fixed = {lang: [self.loose(lang) for _ in range(count)] for lang in langs}

    def loose(self, lang: str) -> str:
        talk, rnd, en = self.w.talk[lang], self.w.rnd, self.w.talk["en"]
        text = talk.say(talk.pack.reason)
        if lang == "en" and rnd.random() < 0.6:
            text = en.spin(SPIN[rnd.choice(["elicit", "loose", "loose"])])
        return f"{text} {en.spin(SPIN['formats'])}" if rnd.random() < 0.3 else text

    def apply(self, say: Say, lang: str, speaker: Speaker) -> Say:
        rnd = self.w.rnd
        if self.way == "none" or rnd.random() > self.rate:
            return say
        extra = self.loose(lang) if self.way == "free" else rnd.choice(self.fixed[lang])
        if self.way == "form":
            say.text = self.form.fill(say.text, speaker)
        elif self.way == "system":
            say.system = f"{say.system or ''} {extra}".strip()
        else:
            both = (extra, say.text) if rnd.random() < self.head else (say.text, extra)
            say.text = "\n".join(both)
        return say


class Queue:
    """One list of jobs over many subjects, dealt to whichever account is next."""

    def __init__(self, w: World, langs: list[str]) -> None:
        rnd = w.rnd
        self.w, self.langs, self.people = w, langs, w.regime == "people"
        names = [s for s in SORTS if s != "counsel" or "zh" in langs]
        self.sorts = [*rnd.sample(names, rnd.randint(2, 5)), "grid"]
        self.odds = [0.3 + rnd.random() for _ in self.sorts]
        self.post = rnd.uniform(0.03, 0.2) if rnd.random() < 0.3 else 0.0  # reworking of answers
        self.style, self.rework = Style(rnd, neat=rnd.random() < 0.6), rnd.uniform(0.2, 0.8)
        self.speakers = {lang: Speaker(rnd, LANGS[lang], broad=True) for lang in langs}
        self.trades = [Speaker(rnd, pack, broad=True) for pack in TRADES.values()]
        likes = [(x, taste(x, sort)) for x in langs for sort in ("casual", "maker")]
        likes += [("en", TASTES["wide"])] if "en" in langs else []
        self.minds = [Mind(w.lib, rnd, lang, pools, broad=True) for lang, pools in likes]

    def asked(self) -> tuple[str, float]:
        """In the regime of people's prompts: what somebody would ask, from any subject."""
        rnd = self.w.rnd
        if rnd.random() < 0.25 and "en" in self.langs:
            talk = rnd.choice(self.trades)
            return talk.say(talk.pack.frames), 420.0
        return rnd.choice(self.minds).ask()

    def body(self, sort: str, lang: str) -> tuple:
        """A job's text, its usual answer, and a system prompt where tools are offered."""
        w, rnd, (want, pools), talk = self.w, self.w.rnd, SORTS[sort], self.speakers[lang]
        en = w.talk["en"]
        if sort == "trade":
            talk = rnd.choice(self.trades)
        elif lang == "en" and (sort == "safe" or (sort == "role" and rnd.random() < 0.5)):
            return talk.spin(SPIN["safe" if sort == "safe" else "persona"]), want
        elif pools and (lang == "en" or sort in ("counsel", "code")):
            name = rnd.choice(pools)
            text, _ = w.lib.text(rnd, name, None, self.rework)
            text = f"{en.spin(SPIN['make'])} {text}" if name == "gen" else text
            if sort == "rubric":
                reply = w.lib.text(rnd, "inst", None, 1)[0] + " " + en.slot("d")
                text = f"{en.spin(SPIN['rubric'])}\nQ: {text}\nA: {reply}"
            offers = name == "tools" and rnd.random() < 0.6
            return text, want, rnd.choice(w.lib.pools["tools"].system) if offers else None
        return talk.say(talk.pack.frames), want

    def take(self, style: Style, wording: Wording, lean: float) -> Say:
        rnd, lang = self.w.rnd, self.w.rnd.choice(self.langs)
        sort = rnd.choices(self.sorts, self.odds)[0]
        say = Say(*(self.asked() if self.people else self.body(sort, lang)), harvest=True)
        say.want, say.tools = say.want * lean, bool(say.system) and rnd.random() < 0.6
        if rnd.random() < self.post and not self.people:
            redo = self.w.talk["en"].spin(SPIN["redo"])
            say.text = f"{redo} {say.text} {self.speakers[lang].slot('d')}"
        say.text = (style if self.people or rnd.random() < 0.5 else self.style).dress(say.text)
        return say if self.people else wording.apply(say, lang, self.speakers[lang])
