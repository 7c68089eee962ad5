"""Image, compose file, chart and units pass their linters and keep to our own rules."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from stillwatch.cli.doctor.installation import installation, read_environment
from stillwatch.cli.entry import cli

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "stillwatch"
SETTINGS = sorted((DEPLOY / "settings").glob("*.env"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
ALL = {
    "serve": {"scanKey": "scan+00000000+x", "policy": "policy"},
    **{part: {"enabled": True} for part in ("hub", "witness", "oprf")},
}
KUBERNETES = "1.34.0"


def run(*words, **more):
    done = subprocess.run(  # noqa: S603 - our own words
        [str(word) for word in words], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def helm():
    return pytest.importorskip("helm_python", reason="no wheel of Helm's SDK for this machine")


@pytest.fixture(scope="module")
def rendered(helm):
    with helm.Chart.load(CHART) as chart:
        made = chart.render(ALL, name="sw", namespace="ours")
    return {name.partition("/")[2]: text for name, text in made.items()}


@pytest.fixture(scope="module")
def objects(rendered):
    return [one for text in rendered.values() for one in yaml.safe_load_all(text) if one]


def pods(objects):
    for one in objects:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield one["metadata"]["name"], spec["template"]["spec"]


def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_hadolint_finds_nothing():
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
        "hadolint"
    )
    if program is None:
        pytest.skip("no hadolint for this machine")
    run(program, "--failure-threshold", "style", DEPLOY / "Containerfile")


def test_the_image_has_two_stages_a_lock_and_no_root():
    text = (DEPLOY / "Containerfile").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert re.findall(r"^FROM (\S+)", code, re.MULTILINE) == ["python:${PYTHON}"] * 2
    assert re.search(r"^ARG PYTHON=\d+\.\d+-\S+$", code, re.MULTILINE)
    assert re.findall(r"^USER (.*)$", code, re.MULTILINE) == ["10001:10001"]
    assert code.index("USER") < code.index("ENTRYPOINT")
    installs = re.findall(r"pip install[^\n&]*", code.replace("\\\n", " "))
    installs = [re.sub(r" +", " ", line) for line in installs]
    assert all("--no-deps" in line for line in installs)
    assert "--require-hashes --only-binary :all: -r build.lock" in installs[0]
    assert all(
        "--require-hashes" in line or line.endswith("--no-build-isolation . ") for line in installs
    )
    assert "--only-binary :all: --no-binary nkeys -r requirements.lock" in installs[1]
    assert not re.search(r"\b(ADD|curl|wget|apt-get|sudo)\b", code)


def test_the_images_lock_has_every_extra_that_a_service_needs():
    text = "".join((DEPLOY / f"{name}.lock").read_text() for name in ("build", "requirements"))
    assert not re.search(r"https?:|index|://", text)
    pins = re.findall(r"^([a-z0-9-]+)==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    wanted = {
        "alembic",
        "asyncpg",
        "hatchling",
        "nats-py",
        "setuptools",
        "numba",
        "pg8000",
        "redis",
        "starlette",
    }
    assert wanted <= set(pins)
    assert not {"pytest", "playwright", "torch"} & set(pins)


def test_no_file_names_a_registry():
    for path in (p for p in DEPLOY.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        for image in re.findall(r"(?:image:|FROM|repository:)\s+(\S+)", path.read_text("utf-8")):
            first = image.split("/")[0]
            assert "." not in first.split(":")[0], (path, image)
        assert not re.search(r"docker\.io|ghcr|quay\.io|registry\.", path.read_text("utf-8")), path


def test_yamllint_finds_nothing(rendered, tmp_path):
    for name, text in rendered.items():
        # Helm puts a line before each file; empty lines are left by what is not rendered
        kept = "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
        (tmp_path / Path(name).name).write_text(f"{kept}\n")
    files = [DEPLOY / "compose.yaml", CHART / "Chart.yaml", CHART / "values.yaml"]
    lax = "{extends: default, rules: {document-start: disable, line-length: disable, "
    lax += "indentation: disable, braces: disable, comments: disable, truthy: disable}}"
    run(sys.executable, "-m", "yamllint", "--strict", "-c", DEPLOY / ".yamllint.yaml", *files)
    run(sys.executable, "-m", "yamllint", "--strict", "-d", lax, tmp_path)


def test_the_compose_file_is_one():
    program = [sys.executable, "-m", "check_jsonschema"]
    run(*program, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


def test_the_charts_values_have_a_schema(helm):
    run(
        sys.executable, "-m", "check_jsonschema", "--check-metaschema", CHART / "values.schema.json"
    )
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(ALL)
        for wrong in ({"serve": {"replicas": 0}}, {"typo": 1}, {"image": {"digest": "abc"}}):
            with pytest.raises(helm.HelmError):
                chart.validate_schema(wrong)


def test_helm_lint_finds_nothing(helm):
    said = helm.lint(CHART, ALL, strict=True, kube_version=f"v{KUBERNETES}")
    assert said["errors"] == []
    assert [m for m in said["messages"] if m["severity"] > 1] == []


def test_a_chart_without_the_key_of_those_who_send_updates_says_what_is_missing(helm):
    with helm.Chart.load(CHART) as chart, pytest.raises(helm.HelmError, match=r"serve\.scanKey"):
        chart.render({}, name="sw")


def test_kubernetes_knows_every_field(objects):
    checker = pytest.importorskip("kubernetes_validate")
    kinds = set()
    for one in objects:
        kinds.add(one["kind"])
        version = KUBERNETES.rpartition(".")[0]
        checker.validate(one, version, strict=True)
    assert kinds >= {
        "ConfigMap", "CronJob", "Deployment", "HorizontalPodAutoscaler", "Job",
        "PersistentVolumeClaim", "PodDisruptionBudget", "Service", "StatefulSet",
    }  # fmt: skip


def test_the_checker_of_kubernetes_refuses_what_is_wrong(objects):
    checker = pytest.importorskip("kubernetes_validate")
    (first, *_) = [one for one in objects if one["kind"] == "Deployment"]
    wrong = {**first, "spec": {**first["spec"], "replica": 2}}
    with pytest.raises(checker.ValidationError):
        checker.validate(wrong, KUBERNETES.rpartition(".")[0], strict=True)


def test_pods_are_nobodys_and_can_write_nothing_but_volumes(objects):
    found = dict(pods(objects))
    assert len(found) == 7
    for name, spec in found.items():
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = {one["name"] for one in spec["volumes"]} | {"memory"}
        for container in spec["containers"] + spec["initContainers"]:
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"] is True
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert {"requests", "limits"} <= container["resources"].keys()
            assert "memory" in container["resources"]["limits"]
            assert {one["name"] for one in container["volumeMounts"]} <= volumes
            assert re.fullmatch(r"stillwatch(:\S+|@sha256:\S+)", container["image"])


def test_what_serves_has_probes_a_service_and_a_budget(objects):
    for name, spec in pods(objects):
        for container in spec["containers"]:
            if "ports" in container:
                assert {"readinessProbe", "livenessProbe"} <= container.keys(), name
    spec = dict(pods(objects))["sw-console"]
    asked = spec["containers"][0]["readinessProbe"]["httpGet"]
    assert asked["httpHeaders"] == [{"name": "Host", "value": "console.example"}]
    by_kind = {}
    for one in objects:
        by_kind.setdefault(one["kind"], set()).add(one["metadata"]["name"])
    assert by_kind["Service"] >= {"sw-hub", "sw-serve", "sw-console"}
    assert by_kind["PodDisruptionBudget"] == {"sw-hub", "sw-serve", "sw-console"}
    assert by_kind["HorizontalPodAutoscaler"] == {"sw-serve"}
    (scaler,) = [one for one in objects if one["kind"] == "HorizontalPodAutoscaler"]
    (scaled,) = [
        one for one in objects
        if one["kind"] == "Deployment" and one["metadata"]["name"] == "sw-serve"
    ]  # fmt: skip
    assert scaler["spec"]["scaleTargetRef"]["name"] == "sw-serve"
    assert "replicas" not in scaled["spec"], "the autoscaler would be undone by each upgrade"


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.stem)
def test_every_variable_is_an_option(path):
    found = installation({}, [path], None, now=0.0)
    assert (found.unknown, found.settings) == ((), found.settings)
    assert found.settings


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.stem)
def test_the_chart_sets_what_the_settings_say(objects, path):
    (config,) = [
        one for one in objects
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == f"sw-{path.stem}"
    ]  # fmt: skip
    assert config["data"] == read_environment(path)


def test_the_charts_serve_toml_is_that_of_the_settings(objects):
    (config,) = [one for one in objects if one["metadata"]["name"] == "sw-serve-toml"]
    said = (DEPLOY / "settings" / "serve.toml").read_text().replace("@SCAN_KEY@", "scan+00000000+x")
    assert config["data"]["serve.toml"].endswith(said)
    assert config["data"]["serve.toml"].startswith('policy = "/etc/stillwatch/policy/policy.toml"')


def test_docker_and_systemd_read_the_same_settings():
    for name, service in compose()["services"].items():
        for file in service.get("env_file", ()):
            folder, own = file.split("/")
            assert folder == "secrets" or (DEPLOY / file).exists(), (name, file)
            assert folder == "settings" or own in {"hub.env", "console.env"}
    for unit in (path for path in UNITS if path.suffix == ".service"):
        part = unit.stem.removeprefix("stillwatch-")
        assert f"EnvironmentFile=/etc/stillwatch/{part}.env\n" in unit.read_text()
        assert (DEPLOY / "settings" / f"{part}.env").exists()


def commands(objects):
    """Yield the words of every command that a file runs."""
    for name, service in compose()["services"].items():
        if str(service["image"]).startswith("${STILLWATCH_IMAGE"):
            yield f"compose {name}", service["command"]
    for unit in (path for path in UNITS if path.suffix == ".service"):
        for line in re.findall(
            r"^Exec\w+=/opt/stillwatch/bin/stillwatch (.*)$", unit.read_text(), re.MULTILINE
        ):
            yield unit.name, line.split()
    for name, spec in pods(objects):
        for container in spec["containers"]:
            if "command" not in container:
                yield name, container["args"]
            for line in re.findall(
                r"^(?:exec )?stillwatch (.*)$", "\n".join(container["args"]), re.MULTILINE
            ):
                yield name, line.split()


def test_every_command_exists(objects):
    found = list(commands(objects))
    assert len(found) > 15
    for name, words in found:
        command, rest = cli, list(words)
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), rest.pop(0))
            assert command is not None, (name, words)
        assert len(rest) <= sum(isinstance(p, click.Argument) for p in command.params), (
            name,
            words,
        )


def test_what_compose_runs_of_ours_is_closed():
    for name, service in compose()["services"].items():
        if not str(service["image"]).startswith("${STILLWATCH_IMAGE"):
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["user"] == "10001:10001"
        if "ports" in service:
            assert service["healthcheck"]["test"]


@pytest.fixture
def units(tmp_path):
    """The units, with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on PATH")
    program = Path(sys.executable).with_name("stillwatch")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/stillwatch/bin/stillwatch", str(program))
        (tmp_path / unit.name).write_text(text)
    return sorted(tmp_path.iterdir())


def test_systemd_understands_the_units(units):
    said = run("systemd-analyze", "verify", "--man=no", *units)
    assert said == ""


def test_units_are_closed(units):
    for unit in (path for path in units if path.suffix == ".service"):
        # 10 is open; the threshold is in tenths
        run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit)
        text = unit.read_text()
        for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "User=stillwatch"):
            assert line in text
        assert ("MemoryDenyWriteExecute=yes" in text) != ("NUMBA_CACHE_DIR" in text)
