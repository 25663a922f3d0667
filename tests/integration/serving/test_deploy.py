"""The files in deploy/ fit the app, and their programs accept them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.node import ROOT

pytestmark = pytest.mark.slow

DEPLOY = ROOT / "deploy"


def test_the_compose_file_names_existing_files() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert {"database", "prepare", "node1", "node2", "way-in"} <= services.keys()
    nodes = (DEPLOY / "nginx" / "faces-compose" / "nodes.conf").read_text()
    assert set(re.findall(r"server (\w+):8000", nodes)) <= services.keys()
    mounted = [volume.split(":")[0] for volume in services["way-in"]["volumes"]]
    assert all((DEPLOY / path).exists() for path in mounted if "secrets" not in path)
    assert (DEPLOY / services["node1"]["build"]["context"] / "deploy" / "Dockerfile").exists()


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.mark.parametrize("name", ["database", "prepare", "node1", "node2", "way-in"])
def test_every_container_has_no_more_than_it_needs(name: str) -> None:
    service = compose()["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"]["core"] == 0
    assert service["pids_limit"] <= 512
    assert service["mem_limit"] == service["memswap_limit"], "memory would be swapped to a disk"
    assert not any("docker.sock" in volume for volume in service["volumes"])


def test_the_way_in_does_not_reach_the_database() -> None:
    services, networks = compose()["services"], compose()["networks"]
    reached = {name: set(service["networks"]) for name, service in services.items()}

    assert not reached["way-in"] & reached["database"]
    assert reached["way-in"] & reached["node1"]
    assert reached["node1"] & reached["database"]
    assert "ports" not in services["database"]
    inside = set.union(*(reached[name] for name in services.keys() - {"way-in"}))
    assert all(networks[name]["internal"] for name in inside)


def test_no_process_in_a_container_is_root() -> None:
    services = compose()["services"]

    assert "nginx-unprivileged" in services["way-in"]["image"]
    assert services["database"]["user"] == "postgres"
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER faces$", dockerfile, re.MULTILINE)
    listened = (DEPLOY / "nginx" / "faces-compose" / "listen.conf").read_text()
    port = re.search(r"listen (\d+)", listened)[1]
    assert int(port) >= 1024
    assert services["way-in"]["ports"] == [f"443:{port}"]


def test_images_have_exact_versions() -> None:
    images = [service["image"] for service in compose()["services"].values() if "image" in service]
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)

    assert len(images) == 3
    for image in images:
        assert re.search(r":\d+\.\d+\.\d+(-\w+)*(@sha256:[0-9a-f]{64})?$", image), image


def pinned(file: str) -> dict[str, str]:
    """Return versions by name, as a requirements file pins them."""
    lines = (ROOT / file).read_text().splitlines()
    found = [re.match(r"([\w.-]+)(?:\[\w+\])?==(\S+)", line) for line in lines]
    return {re.sub(r"[._]", "-", one[1]).lower(): one[2] for one in found if one}


def test_the_image_installs_the_tested_versions_by_digest() -> None:
    locked = pinned("requirements-serve.lock")

    assert locked.items() >= pinned("requirements-serve.txt").items(), "run: make lock"
    assert pinned("constraints.txt").items() >= locked.items(), "run: make lock"
    entries = re.split(
        r"\n(?=[\w.-]+(?:\[\w+\])?==)", (ROOT / "requirements-serve.lock").read_text()
    )
    assert len(entries) == len(locked) + 1
    assert all("--hash=sha256:" in entry for entry in entries[1:])
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "pip install --no-cache-dir --require-hashes --no-deps -r requirements-serve.lock" in (
        dockerfile
    )
    assert dockerfile.count("pip install") == 1


UNIT = {
    "AmbientCapabilities": "",
    "CapabilityBoundingSet": "",
    "DevicePolicy": "closed",
    "KeyringMode": "private",
    "LimitCORE": "0",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "MemoryMax": "2G",
    "MemorySwapMax": "0",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateIPC": "yes",
    "PrivateTmp": "yes",
    "PrivateUsers": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ProtectSystem": "strict",
    "RemoveIPC": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service ~@privileged @resources",
    "TasksMax": "512",
    "UMask": "0077",
    "User": "faces",
}


def test_the_unit_is_hardened() -> None:
    unit: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / "faces@.service").read_text().splitlines():
        name, found, value = line.partition("=")
        if found and not line.startswith("#"):
            unit.setdefault(name, []).append(value)

    assert {name: " ".join(unit.get(name, ["missing"])) for name in UNIT} == UNIT


def is_in_the_image(path: str) -> bool:
    """Return whether Docker would send a file. The last matching rule of .dockerignore counts."""
    rules = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    sent = True
    for rule in rules:
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!")
        regex = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if re.match(rf"{regex}(/.*)?$", path):
            sent = rule.startswith("!")
    return sent


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".git/config", "node.env", "instance/master.key", "instance2/faces.db",
        "faces.db", "faces.db-wal", "faces-old.db", "secret.key", "webapp/secret.key",
        "keyring.json", "keyring-copy.json", "monday.backup", "deploy/secrets/node.env",
        "deploy/secrets/tls/certificate.key", "certificate.pem", "tests/conftest.py",
        "tests/data/face.jpg", "docs/index.md", "reports/x.json", "cluster/a", ".venv/bin/x",
        "webapp/__pycache__/x.pyc", "instance/audit.head", "requirements.env",
    ],
)  # fmt: skip
def test_nothing_that_is_secret_or_not_served_is_in_the_image(path: str) -> None:
    assert not is_in_the_image(path)


def test_the_app_starts_from_the_images_files(tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for path in filter(is_in_the_image, listed.stdout.split()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    starting = "import runpy, wsgi, ml; runpy.run_path('gunicorn.conf.py'); ml.load_engine()"

    for command in (["-m", "translations.compile"], ["-c", starting]):
        ran = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
    for page in ("templates", "static", "migrations"):
        assert (tmp_path / page).is_dir()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd" / "faces@.service").read_text()
    (tmp_path / "faces@8001.service").write_text(
        re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit)
    )
    read = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "faces@8001.service")],
        capture_output=True,
        text=True,
    )
    assert "faces@8001" not in read.stderr, read.stderr
