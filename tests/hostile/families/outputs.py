"""Output folders that cannot be written, lead elsewhere or are no folders."""

from __future__ import annotations

from materials import jsonl, row
from running import Case

OUTPUT = "OutputError"


def _write(prepare):
    def make(folder):
        name = jsonl(folder, [row(i) for i in range(4)])
        prepare(folder)
        return [["scan", name, "--out", "out"], ["observe", name, "--out", "out", "--unkeyed"]]

    return make


def _locked(folder):
    (folder / "out").mkdir()
    (folder / "out").chmod(0o500)


def _link(folder):
    (folder / "elsewhere").mkdir()
    (folder / "out").symlink_to("elsewhere", target_is_directory=True)


def _untouched(folder, _):
    assert list((folder / "elsewhere").iterdir()) == []


def _file_links(folder):
    (folder / "out").mkdir()
    (folder / "mine").write_text("mine")
    for name in ("verdicts.parquet", "observations.json"):
        (folder / "out" / name).symlink_to("../mine")


def _kept(folder, _):
    assert (folder / "mine").read_text() == "mine"


def _quarantine_link(folder):
    (folder / "out").mkdir()
    (folder / "elsewhere").mkdir()
    (folder / "out" / "quarantine").symlink_to("../elsewhere", target_is_directory=True)


def _bad_rows(folder):
    name = jsonl(folder, [row(), row(1, account_id=None)])
    _quarantine_link(folder)
    return [["scan", name, "--out", "out"]]


FOLDERS = [
    Case("output-folder", "read-only", _write(_locked), OUTPUT, "Permission denied"),
    Case("output-folder", "a-file", _write(lambda f: (f / "out").write_text("x")), "usage"),
    Case("output-folder", "a-link", _write(_link), OUTPUT, "symbolic link", after=_untouched),
    Case("output-folder", "files-are-links", _write(_file_links), OUTPUT, "link", after=_kept),
    Case(
        "output-folder",
        "a-device",
        lambda f: [["scan", jsonl(f, [row()]), "--out", "/dev/null/out"]],
        OUTPUT,
    ),
]
DISK = [
    Case("full-disk", "results", _write(lambda _: None), OUTPUT, "too large", file_size=600),
    Case(
        "full-disk",
        "quarantine",
        lambda f: [
            [
                "scan",
                jsonl(f, [row(), *(row(i, account_id=None) for i in range(2_000))]),
                "--out",
                "out",
            ]
        ],
        OUTPUT,
        file_size=9_000,
    ),
    Case("full-disk", "quarantine-is-a-link", _bad_rows, OUTPUT, "link", after=_untouched),
    Case(
        "full-disk",
        "a-name-too-long",
        lambda f: [["scan", jsonl(f, [row()]), "--out", "o" * 300]],
        OUTPUT,
    ),
    Case("full-disk", "vault", lambda f: [["vault", "keygen", "nowhere/key"]], OUTPUT),
]
CASES = (*FOLDERS, *DISK)
