"""Runs commands in forks of a process that has imported everything once.

A fork costs a tenth of a second where a fresh interpreter costs three, and its peak memory and
processor time are its own.  One request a line on standard input, one answer a line on standard
output, both JSON.  Children give up root's right to ignore file modes, so that a folder without
write permission is one for every user who runs the tests.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

MODULES = (
    "sqlalchemy.dialects.sqlite",
    "stillwatch.cli.account",
    "stillwatch.cli.campaigns",
    "stillwatch.cli.evaluate",
    "stillwatch.cli.observe",
    "stillwatch.cli.scan",
    "stillwatch.cli.simulate",
    "stillwatch.cli.vault",
    "stillwatch.find.campaigns",
    "stillwatch.find.features.files",
    "stillwatch.find.sources.vault",
    "stillwatch.report.documents",
    "stillwatch.worlds.evaluation",
    "stillwatch.worlds.simulation.building",
)
CAPABILITIES_V3 = 0x20080522


def drop_capabilities() -> None:
    """Give up every capability, where there is a libc that can."""
    with contextlib.suppress(OSError, AttributeError):
        header = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0)
        ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)())


def child(request: dict) -> None:
    """Run one command and leave with its exit status."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
    os.dup2(os.open(request["stdin"] or os.devnull, os.O_RDONLY), 0)
    os.chdir(request["cwd"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
    if request["file_size"] is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_size"],) * 2)
    drop_capabilities()
    os.environ.update(request["environment"])
    sys.argv = ["stillwatch", *request["argv"]]
    from stillwatch.cli import main  # noqa: PLC0415

    status = 70
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
    except BaseException:  # noqa: BLE001 - a traceback is what the tests look for
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run(request: dict) -> dict:
    """Run one command in a fork; return how it ended and what it used."""
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        child(request)
    timed_out = False
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() - began > request["seconds"] and not timed_out:
            timed_out = True
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.004)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "timed_out": timed_out,
        "seconds": usage.ru_utime + usage.ru_stime,
        "wall": time.monotonic() - began,
        "mebibytes": usage.ru_maxrss / 1024,
    }


def warm_up() -> None:
    """Import everything and load every compiled kernel, by a small scan."""
    for name in MODULES:
        importlib.import_module(name)
    from stillwatch.cli.entry import cli  # noqa: PLC0415

    rows = [
        {
            "time": 1767323045 + i,
            "exchange_id": i,
            "account_id": i % 9,
            "model": "m",
            "prompt": f"p {i}",
        }
        for i in range(40)
    ]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        log = f"{folder}/log.jsonl"
        Path(log).write_text("".join(json.dumps(row) + "\n" for row in rows), "ascii")
        for argv in (["scan", log, "--out", folder + "/out"], ["scan", log, "--check"]):
            cli.main(argv, standalone_mode=False)


def main() -> None:
    """Get ready, and answer until the input ends."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    if not sys.argv[1:]:
        warm_up()
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - the protocol
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
