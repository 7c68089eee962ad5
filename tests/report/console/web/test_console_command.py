"""``stillwatch console``: people, and the pages as a process."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time

import httpx
import pytest
from click.testing import CliRunner
from example_scan import example_scan

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError
from stillwatch.report.documents import write_scan


def run(*arguments):
    done = CliRunner().invoke(cli, ["console", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def database(tmp_path):
    return f"sqlite:///{tmp_path}/console.sqlite"


def test_the_first_password_is_printed_once(database):
    done = run("init", "--database", database)
    assert re.fullmatch(r"first account: first, password: [a-z2-7-]{27}\n", done.stderr)
    assert run("init", "--database", database).output == ""


def test_people_are_added_changed_and_stopped(database):
    password = run("people", "add", "Ada", "--role", "counsel", "--database", database).stdout
    assert re.fullmatch(r"[a-z2-7-]{27}\n", password)
    run("people", "roles", "Ada", "--role", "analyst", "--role", "approver", "--database", database)
    assert run("people", "password", "Ada", "--database", database).stdout != password
    run("people", "disable", "Ada", "--database", database)
    listed = run("people", "list", "--json", "--database", database).stdout
    assert json.loads(listed) == {
        "name": "Ada",
        "roles": ["analyst", "approver"],
        "by": "password",
        "disabled": True,
    }
    run("people", "disable", "Ada", "--undo", "--database", database)
    lines = run("people", "list", "--database", database).stdout
    assert lines == "Ada: analyst, approver, by password\n"


def test_nobody_is_changed_who_is_not_there(database):
    run("init", "--database", database)
    with pytest.raises(ConfigurationError, match="nobody"):
        run("people", "disable", "Eve", "--database", database)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "without a TLS certificate"),  # noqa: S104
        (("--no-passwords",), "nobody could sign in"),
        (("--gateway", "east"), "a gateway is NAME=URL"),
    ],
)
def test_what_cannot_be_served_is_told(database, arguments, words):
    with pytest.raises(ConfigurationError, match=words):
        run("serve", "--database", database, *arguments)


def test_the_pages_follow_a_scan(tmp_path, database):
    result, activity = example_scan(accounts=300)
    command = [sys.executable, "-m", "stillwatch", "console", "serve", "--port", "0"]
    command += ["--database", database, "--results", str(tmp_path / "out"), "--every", "1"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert select.select([process.stdout], [], [], 60)[0]
            url = process.stdout.readline().strip()
            password = re.search(r"password: (\S+)", process.stderr.readline())[1]
            with httpx.Client(base_url=url, timeout=30) as client:
                assert client.get("/healthz").text == "ok\n"
                fields = {"name": "first", "password": password, "next": "/"}
                client.post("/sign-in", data=fields, headers={"origin": url})
                assert "Nothing has been imported yet" in client.get("/").text
                write_scan(result, tmp_path / "out", activity)
                for _ in range(100):
                    if "campaigns declared" in client.get("/").text:
                        break
                    time.sleep(0.2)
                assert "campaigns declared" in client.get("/").text
                assert "server" not in client.get("/").headers
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}
        told = process.stderr.read()
    assert told.count("error:") <= 1  # the folder was not there at first
    assert "Traceback" not in told
