"""Programs that send requests: browsers, libraries, tools in wide use, and products."""

from __future__ import annotations

from base import Client

TOOLS = {
    "burrow": (
        "burrow-cli/{v} (terminal)",
        "You are Burrow, a coding companion living in the user's terminal. Read before you edit, keep diffs small, run the tests, and report what changed. Reason about the task before touching a file.",
    ),
    "pagehound": (
        "pagehound/{v} crawler",
        "You are Pagehound. Search, open and quote sources. Think through which page can settle the question, then answer with numbered citations.",
    ),
    "quillpad": (
        "Quillpad-Desktop/{v}",
        "You are the writing partner inside Quillpad. Match the author's tone. Offer one revision and one sentence on why.",
    ),
    "mosaic": (
        "mosaic-agents/{v} python",
        "You coordinate a team of specialist agents. Decompose the goal, delegate, check each report and merge. Show your plan before acting.",
    ),
    "loomchat": (
        "LoomChat/{v} (self-hosted)",
        "You are a helpful assistant in a LoomChat workspace. Format answers in Markdown.",
    ),
    "tidelift-notebooks": (
        "nbtutor-kernel/{v}",
        "You help inside a computational notebook. Give runnable cells, explain each result, and point out statistical pitfalls.",
    ),
}
SYSTEMS = "You are {a}, [the assistant|a guide|the helper] of {b}, [a|an online] {c}. [Be brief and kind|Answer from the notes only|Never invent prices]. [If unsure, hand over to a person|Reply in the customer's language|Use at most {n} sentences]."
SUFFIXES = ("", "", "-relay", "-assistant", "-worker", "-client")
TRADES = "pharmacy|furniture store|tax adviser|language school|bike rental|insurer|recipe site|travel desk|job board|gym chain|energy supplier|dental practice|museum|parts dealer|city library|hotel group".split(
    "|"
)


class Shop:
    """The clients of one world, with the fingerprints of their versions."""

    def __init__(self, w):
        self.w = w
        py = w.py
        self.browsers = []
        for family, weight in (("Chrome", 6), ("Safari", 3), ("Firefox", 1), ("Edg", 1.5)):
            tls = self._tls("h2")
            for _ in range(4):
                major = py.randint(118, 141)
                system = py.choice(
                    (
                        "Windows NT 10.0; Win64; x64",
                        "Macintosh; Intel Mac OS X 14_5",
                        "Linux; Android 14",
                        "iPhone; CPU iPhone OS 17_6 like Mac OS X",
                        "X11; Linux x86_64",
                    )
                )
                ua = f"Mozilla/5.0 ({system}) {family}/{major}.0"
                self.browsers.append((ua, tls if py.random() < 0.8 else self._tls("h2"), weight))
        self.phones = [
            (f"harbor-app/{v} ({p})", self._tls("h2"))
            for v in ("4.1", "4.2", "4.3")
            for p in ("iOS", "Android")
        ]
        self.kits = []
        for name, weight in (
            ("python", 6),
            ("node", 4),
            ("go", 1),
            ("java", 1),
            ("rust", 0.6),
            ("php", 0.8),
        ):
            tls = self._tls("h1")
            for v in py.sample(range(10, 40), 3):
                self.kits.append((f"harbor-sdk-{name}/2.{v}", tls, weight))
        self.kits += [
            ("python-httpx/0.27.2", self._tls("h1"), 2),
            ("curl/8.7.1", self._tls("h1"), 1),
            ("okhttp/4.12.0", self._tls("h2"), 1),
        ]
        self.tools = {
            k: (ua.format(v=f"1.{py.randint(2, 30)}"), self._tls("h2"), s)
            for k, (ua, s) in TOOLS.items()
        }

    def _tls(self, alpn: str) -> str:
        py = self.w.py
        return f"t13{py.choice('di')}{py.randint(11, 19)}{py.randint(8, 17):02d}{alpn}_{self.w.hex(12)}_{self.w.hex(12)}"

    def browser(self) -> Client:
        """Return a person's browser or telephone application."""
        py = self.w.py
        if py.random() < 0.3:
            ua, tls = py.choice(self.phones)
        else:
            ua, tls, _ = py.choices(self.browsers, [b[2] for b in self.browsers])[0]
        if py.random() < 0.025:  # a filtering proxy or an automated page
            tls = py.choice(self.kits)[1]
        return Client(ua, tls, "app")

    def kit(self, *, system=None, max_tokens=None, temperature=None, threads=None) -> Client:
        """Return a library that developers use."""
        py = self.w.py
        ua, tls, _ = py.choices(self.kits, [k[2] for k in self.kits])[0]
        threads = threads or py.choice(("none", "none", "single"))
        channel = "marketplace" if py.random() < 0.12 else "direct"
        return Client(ua, tls, channel, system, max_tokens, temperature, threads)

    def tool(self, name: str) -> Client:
        """Return a program that thousands of strangers run."""
        ua, tls, system = self.tools[name]
        return Client(
            ua, tls, "direct", system, 8192 if name != "quillpad" else None, None, "session"
        )

    def own(self, name: str, **more) -> Client:
        """Return a program of one maker, with its own handshake now and then."""
        py = self.w.py
        tls = self._tls("h1") if py.random() < 0.4 else py.choice(self.kits)[1]
        return Client(f"{name}/{py.randint(0, 4)}.{py.randint(0, 20)}", tls, **more)

    def product(self) -> str:
        """Return an application's system prompt."""
        w = self.w
        text = SYSTEMS.format(
            a=w.code(5).title(), b=w.code(6).title(), c=w.py.choice(TRADES), n=w.py.randint(2, 6)
        )
        return w.spin(text)
