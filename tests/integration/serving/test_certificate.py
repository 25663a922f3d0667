from __future__ import annotations

import ssl
import stat
import threading
import urllib.request
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from webapp.crypto import self_signed
from webapp.crypto.self_signed import local_address, make_certificate


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "certificate.pem", tmp_path / "certificate.key"


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_facts: object) -> None:
        """Log nothing."""


def test_a_browser_that_trusts_the_certificate_reaches_the_address(
    files: tuple[Path, Path],
) -> None:
    make_certificate(*files, "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), _Hello)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*files)
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    trusting = ssl.create_default_context(cafile=str(files[0]))
    address = f"https://127.0.0.1:{server.server_port}"
    with urllib.request.urlopen(address, context=trusting) as answer:
        assert answer.read() == b"hello"
    thread.join()
    server.server_close()


def test_only_the_owner_reads_the_key(files: tuple[Path, Path]) -> None:
    make_certificate(*files, "127.0.0.1")
    assert stat.S_IMODE(files[1].stat().st_mode) == 0o600


def test_a_certificate_that_holds_is_kept(files: tuple[Path, Path]) -> None:
    make_certificate(*files, "192.168.1.5")
    before = [file.read_bytes() for file in files]
    make_certificate(*files, "192.168.1.5")
    assert [file.read_bytes() for file in files] == before


def test_another_address_gets_another_certificate(files: tuple[Path, Path]) -> None:
    make_certificate(*files, "192.168.1.5")
    before = files[0].read_bytes()
    make_certificate(*files, "192.168.1.6")
    assert files[0].read_bytes() != before


def test_a_certificate_is_renewed_before_it_ends(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(self_signed, "LIFETIME", timedelta(days=10))
        make_certificate(*files, "127.0.0.1")
    before = files[0].read_bytes()
    make_certificate(*files, "127.0.0.1")
    assert files[0].read_bytes() != before


def test_a_foreign_certificate_is_left_unchanged(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        authority = self_signed.x509.Name(
            [self_signed.x509.NameAttribute(self_signed.NameOID.COMMON_NAME, "An authority")]
        )
        patch.setattr(self_signed, "_name", lambda: authority)
        make_certificate(*files, "192.168.1.5")
    before = files[0].read_bytes()
    make_certificate(*files, "192.168.1.6")
    assert files[0].read_bytes() == before


def test_this_machine_has_an_address() -> None:
    assert local_address().count(".") == 3
