"""Makes the pictures of ``docs/images`` from a console and a report that the tour filled.

Run ``python scripts/screenshots.py`` after a change to what the console's pages or the report look
like. It runs ``stillwatch demo tour`` and needs playwright and a Chromium (``STILLWATCH_CHROMIUM``
names one that is not found by itself).
"""  # noqa: INP001

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MOST = 200_000
"""Bytes of a picture."""
WIDTH, HEIGHT = 1200, 800
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
PAGES = {
    "console-now.png": "/",
    "console-campaign.png": "/campaign?id={campaign}",
    "console-network.png": "/campaign/network?id={campaign}",
}


def chromium() -> str:
    """Return the path of a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("STILLWATCH_CHROMIUM") or next(
        filter(None, map(shutil.which, names)), ""
    )
    if not found:
        sys.exit("no Chromium on this machine: name one in STILLWATCH_CHROMIUM")
    return found


def told(tour: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the console's address and the first account's password, once they are told."""
    assert tour.stdout is not None  # noqa: S101 - it is a pipe
    url = password = ""
    for line in tour.stdout:
        url = url or next(iter(re.findall(r"It is open at (\S+) ", line)), "")
        password = password or next(iter(re.findall(r"password: (\S+)", line)), "")
        if url and password:
            return url, password
    sys.exit("the tour ended before its console was open")


def kept(page: Page, name: str) -> None:
    """Keep what a page shows, where it is small enough."""
    raw = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})
    if len(raw) > MOST:
        sys.exit(f"{name} has {len(raw):,} bytes")
    (IMAGES / name).write_bytes(raw)
    print(f"{name}: {len(raw):,} bytes")  # noqa: T201 - a script


def taken(page: Page, folder: Path, url: str, password: str) -> None:
    """Take all pictures."""
    page.goto(url)
    page.fill("#name", "first")
    page.fill("#password", password)
    page.press("#password", "Enter")
    page.wait_for_selector("nav[aria-label=Pages]")
    out = folder / "labs" / "a" / "out"
    campaigns = json.loads((out / "campaigns.json").read_text("utf-8"))["campaigns"]
    for name, path in PAGES.items():
        page.goto(url + path.format(campaign=campaigns[0]["campaign_id"]))
        page.wait_for_load_state("load")
        kept(page, name)
    page.goto((out / "report.html").as_uri())
    kept(page, "report.png")


def main() -> None:
    """Run the tour, take the pictures, end the tour."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - for development alone

    browser_path = chromium()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        out = Path(folder) / "tour"
        words = ["demo", "tour", "--out", str(out), "--tokens", "0", "--open-console"]
        tour = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "stillwatch", *words],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            url, password = told(tour)
            browser = play.chromium.launch(executable_path=browser_path, args=list(FLAGS))
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light"
            )
            taken(page, out, url, password)
            browser.close()
        finally:
            tour.terminate()
            tour.wait()


if __name__ == "__main__":
    main()
