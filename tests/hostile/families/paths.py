"""Paths, folders and links that steer, loop or end nowhere."""

from __future__ import annotations

import os
import shutil

from materials import jsonl, lines, row
from running import Case, three

ABSENT = "SourceNotFoundError"


def _named(name):
    return lambda folder: three(jsonl(folder, [row(), row(1)], name))


def _absent(name):
    return lambda folder: three(name)


NAMES = [
    Case("odd-file-name", "line-break", _named("a\nerror: b\n.jsonl"), good=2),
    Case("odd-file-name", "escape", _named("a\x1b[2Jb.jsonl"), good=2),
    Case("odd-file-name", "override", _named("a\u202eb\u200b.jsonl"), good=2),
    Case("odd-file-name", "pattern", _named("[a]*?.jsonl"), good=2),
    Case("odd-file-name", "longest", _named("n" * 249 + ".jsonl"), good=2),
]
MISSING = [
    Case("absent-file-name", "escape", _absent("a\x1b]0;owned\x07.jsonl"), ABSENT),
    Case(
        "absent-file-name", "line-break", _absent("a\nerror: all is well\nto do: nothing"), ABSENT
    ),
    Case("absent-file-name", "too-long", _absent("n" * 5_000), ABSENT),
    Case("absent-file-name", "override", _absent("\u2066gnp\u202e.jsonl"), ABSENT),
    Case("absent-file-name", "not-text", _absent("a\udcff\udcfe.jsonl"), ABSENT),
]


def _loop(folder):
    (folder / "logs" / "inner").mkdir(parents=True)
    jsonl(folder / "logs", [row()])
    (folder / "logs" / "inner" / "again").symlink_to("..", target_is_directory=True)
    (folder / "logs" / "here").symlink_to(".", target_is_directory=True)
    return three("logs")


def _farm(folder):
    """Two links a level to the next: two to the fortieth paths, and forty folders."""
    for level in range(40):
        here = folder / "logs" / f"l{level}"
        here.mkdir(parents=True)
        (here / "a").symlink_to(f"../l{level + 1}", target_is_directory=True)
        (here / "b").symlink_to(f"../l{level + 1}", target_is_directory=True)
    (folder / "logs" / "l40").mkdir()
    jsonl(folder / "logs" / "l40", [row()])
    return three("logs/l0")


def _circle(folder):
    (folder / "logs").mkdir()
    jsonl(folder / "logs", [row()])
    (folder / "logs" / "b.jsonl").symlink_to("c.jsonl")
    (folder / "logs" / "c.jsonl").symlink_to("b.jsonl")
    return three("logs")


def _dangling(folder):
    (folder / "log.jsonl").symlink_to("nowhere.jsonl")
    return three("log.jsonl")


def _same_file(folder):
    (folder / "logs").mkdir()
    jsonl(folder / "logs", [row()])
    (folder / "logs" / "same.jsonl").symlink_to("log.jsonl")
    return three("logs")


LINKS = [
    Case("links", "folder-loop", _loop, good=1),
    Case("links", "two-to-the-fortieth", _farm, good=1),
    Case("links", "circle", _circle, ABSENT, "leads nowhere"),
    Case("links", "dangling", _dangling, ABSENT),
    Case("links", "same-file", _same_file, good=1, bad={"duplicate-id": 1}),
]


def _deep(levels):
    def make(folder):
        here = os.open(folder, os.O_RDONLY)
        for name in ("logs", *("d" for _ in range(levels))):
            os.mkdir(name, dir_fd=here)
            inner = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        file = os.open("log.jsonl", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=here)
        os.write(
            file,
            lines([row()]),
        )
        os.close(file)
        os.close(here)
        return three("logs")

    return make


def _swept(folder, _):
    # Python's own removal of a tree recurses by level, too.
    os.system(f"rm -rf '{folder}/logs'")  # noqa: S605 - a path that pytest made


def _many(folder):
    (folder / "logs").mkdir()
    for i in range(1_000):
        jsonl(folder / "logs", [row(i)], f"{i}.jsonl")
    return three("logs")


def _unreadable(folder):
    (folder / "logs" / "inner").mkdir(parents=True)
    jsonl(folder / "logs", [row()])
    (folder / "logs" / "inner").chmod(0)
    return three("logs")


def _unreadable_file(folder):
    jsonl(folder, [row()])
    (folder / "log.jsonl").chmod(0)
    return three("log.jsonl")


def _restored(folder, _):
    (folder / "logs" / "inner").chmod(0o700)
    shutil.rmtree(folder / "logs")


FOLDERS = [
    Case("folders", "1200-deep", _deep(1_200), good=1, after=_swept),
    Case("folders", "deeper-than-paths", _deep(2_600), ABSENT, after=_swept),
    Case("folders", "1000-files", _many, good=1_000, seconds=20),
    Case("folders", "unreadable", _unreadable, ABSENT, after=_restored),
    Case("folders", "unreadable-file", _unreadable_file, ABSENT),
]

CASES = (*NAMES, *MISSING, *LINKS, *FOLDERS)
