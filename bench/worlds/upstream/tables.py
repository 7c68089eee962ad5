"""Reads tables.txt: phrases by language, networks, clients, cohorts, scripts, campaigns."""

from pathlib import Path

NAMES = "Amara Ben Chen Dalia Erik Fatima Goran Hana Ines Jonas Kofi Lena Mateus Nadia Omar Priya Quentin Rosa Samir Tuan Ursula Viktor Wei Ximena Yusuf Zofia Aiko Bruno Carmen Dmitri Elif Farid Greta Hugo Isla Jae Kavya Luca Minh Noor".split()
TEXT = (Path(__file__).parent / "tables.txt").read_text(encoding="utf-8")


def table(name, part=None):
    """Return the lines of one table, each split at `part` where that is given; comments left out."""
    lines = TEXT.split(f"== {name}\n")[1].split("\n== ")[0].strip("\n").split("\n")
    lines = [line.replace("\\n", "\n") for line in lines if not line.startswith("//")]
    return [line.split(part) for line in lines] if part else lines


def tongues():
    """Return {language: (frames, things, tails, follow-ups, requests for reasoning)}."""
    lines, bank = table("tongues"), {}
    for one, two in zip(lines[::2], lines[1::2]):
        name, *cells = one.split(" # ") + two.split(" # ")
        bank[name] = tuple(c.split("|") for c in cells)
    return bank
