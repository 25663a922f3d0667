"""What stands in deploy/ fits the app, and the programs that read it take it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.cluster import NGINX_SITE, ROOT
from webapp.certificate import make_certificate
from webapp.config import Settings

DEPLOY = ROOT / "deploy"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def directive(name: str) -> int:
    """The number that nginx is given."""
    return int(re.search(rf"{name} (\d+)[ms]", NGINX_SITE.read_text()).group(1))


def test_nginx_takes_what_the_app_takes_and_waits_longer_than_the_app() -> None:
    assert directive("client_max_body_size") * 2**20 > Settings().request_bytes
    assert directive("proxy_read_timeout") > 2 * Settings().faces_patience


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("place", ["faces", "faces-compose"])
def test_nginx_reads_the_file(tmp_path: Path, place: str) -> None:
    make_certificate(tmp_path / "certificate.pem", tmp_path / "certificate.key", "127.0.0.1")
    shutil.copy(NGINX_SITE, tmp_path)
    shutil.copytree(DEPLOY / "nginx" / place, tmp_path / "faces")
    for file in (tmp_path / "faces").iterdir():
        here = file.read_text().replace("/etc/ssl/faces", str(tmp_path))
        file.write_text(re.sub(r"node\d:", "127.0.0.1:", here))
    (tmp_path / "nginx.conf").write_text("events {} http { include faces.conf; }")
    read = subprocess.run(
        [NGINX, "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"],
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr


def test_the_compose_file_names_what_is_there() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert {"database", "prepare", "node1", "node2", "way-in"} <= services.keys()
    nodes = (DEPLOY / "nginx" / "faces-compose" / "nodes.conf").read_text()
    assert set(re.findall(r"server (\w+):8000", nodes)) <= services.keys()
    mounted = [volume.split(":")[0] for volume in services["way-in"]["volumes"]]
    assert all((DEPLOY / path).exists() for path in mounted if "secrets" not in path)
    assert (DEPLOY / services["node1"]["build"]["context"] / "deploy" / "Dockerfile").exists()


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
