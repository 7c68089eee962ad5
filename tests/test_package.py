"""The package as a whole: public names, what importing costs, sizes, declared dependencies."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stillwatch.cli.entry import COMMANDS

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
MODULES = sorted(SRC.rglob("*.py"))
PACKAGES = sorted(path.parent for path in SRC.rglob("__init__.py"))
HEAVY = ("duckdb", "jinja2", "numba", "numpy", "pyarrow", "scipy", "sklearn", "sqlalchemy")
KERNELS = ("numba", "scipy", "sklearn", "sqlalchemy", "duckdb")


def relative(path):
    return str(path.relative_to(ROOT))


def dotted(path):
    return ".".join(path.relative_to(SRC).parts)


@pytest.mark.parametrize("package", PACKAGES, ids=dotted)
def test_every_package_says_what_is_public(package):
    module = importlib.import_module(dotted(package))
    assert isinstance(module.__all__, list)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert module.__doc__


def loaded(code):
    listing = f"import sys\n{code}\nprint(' '.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_importing_the_package_loads_no_dependency():
    assert loaded("import stillwatch") & set(HEAVY) == set()


def test_help_loads_no_kernel():
    run = (
        "from click.testing import CliRunner\n"
        "from stillwatch.cli.entry import cli\n"
        "assert CliRunner().invoke(cli, ['--version']).exit_code == 0\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0"
    )
    assert loaded(run) & set(KERNELS) == set()


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(COMMANDS) <= set(done.stdout.split())


@pytest.mark.parametrize(("name", "module"), COMMANDS.items(), ids=list(COMMANDS))
def test_every_command_exists(name, module):
    assert importlib.import_module(module).command.name == name


def compiled(node):
    """Say whether a function is a kernel: splitting it would hide its loop and copy its state."""
    return any("njit" in ast.unparse(decorator) for decorator in node.decorator_list)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_sizes(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > 60
        and not compiled(node)
    }
    assert long == {}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if ">>> " in path.read_text("utf-8")], ids=relative
)
def test_examples_in_docstrings(path):
    name = dotted(path.parent if path.name == "__init__.py" else path.with_suffix(""))
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def third_party():
    """Return the top-level names that the package imports from elsewhere."""
    names = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"stillwatch"}


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def bare(lines):
        return {re.match(r"[\w-]+", line)[0].lower() for line in lines}

    used = [line for name in sorted(extras.keys() - {"test", "dev"}) for line in extras[name]]
    return bare(project["dependencies"]), bare(used)


def test_dependencies_are_those_that_are_imported():
    core, optional = declared()
    known = {
        "confluent_kafka": "confluent-kafka",
        "google": "protobuf",
        "markdown_it": "markdown-it-py",
        "nats": "nats-py",
        "opentelemetry": "opentelemetry-sdk",
        "pkcs11": "python-pkcs11",
        "prometheus_client": "prometheus-client",
        "rfc3161_client": "rfc3161-client",
        "sklearn": "scikit-learn",
    }
    # what runs inside LiteLLM or vLLM is loaded by them, in their environment
    host = {"fastapi", "litellm", "vllm"}
    used = {known.get(name, name) for name in third_party() - host}
    assert core - used == set(), "declared and never imported"
    assert used - core - optional == set(), "imported and never declared"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_address(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"https?:|index|://", text)
    pins = re.findall(r"^([a-z0-9-]+)==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    core, _ = declared()
    assert core <= set(pins)
