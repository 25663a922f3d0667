from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.kills.at_lines import kills
from webapp.core.atomic_files import atomic_write, exclusive_lock
from webapp.crypto.self_signed import make_certificate
from webapp.crypto.vault import read_master_key, write_new_key

pytestmark = pytest.mark.slow


def rewrite(file: Path, content: Any) -> None:
    with atomic_write(file) as to:
        to.write(content[:3])
        to.write(content[3:])


def test_a_file_is_readable_by_its_owner_alone_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    rewrite(file, b"the older one")
    rewrite(file, b"the newer one")

    assert file.read_bytes() == b"the newer one"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["secret"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    rewrite(file, b"the older one")

    with pytest.raises(TypeError, match="bytes-like object"):
        rewrite(file, "no bytes")

    assert file.read_bytes() == b"the older one"
    assert os.listdir(tmp_path) == ["secret"]


def test_a_file_is_old_or_new_after_a_kill_at_any_line(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    seen = set()

    for _kill in kills(lambda: rewrite(file, b"the newer one")):
        seen.add(file.read_bytes() if file.exists() else None)
        rewrite(file, b"the older one")
        assert os.listdir(tmp_path) == ["secret"]

    assert seen == {None, b"the older one", b"the newer one"}


def test_a_key_is_whole_or_absent_after_a_kill_at_any_line(tmp_path: Path) -> None:
    file = tmp_path / "instance" / "master.key"
    killed = made = 0

    for _kill in kills(lambda: write_new_key(file)):
        killed += 1
        if file.exists():
            made += 1
            read_master_key(file)
            file.unlink()

    assert killed > made > 0


def test_a_certificate_matches_its_key_after_a_kill_at_any_line(tmp_path: Path) -> None:
    files = tmp_path / "certificate.pem", tmp_path / "certificate.key"
    make_certificate(*files, "192.168.1.5")

    for _kill in kills(lambda: make_certificate(*files, "192.168.1.6")):
        make_certificate(*files, "192.168.1.7")
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)


def test_two_that_make_the_same_key_at_once_have_one(tmp_path: Path) -> None:
    file, seen = tmp_path / "master.key", []

    def make() -> None:
        write_new_key(file)
        seen.append(read_master_key(file))

    makers = [Thread(target=make) for _ in range(8)]
    with exclusive_lock(tmp_path):
        for maker in makers:
            maker.start()
        assert not file.exists()
    for maker in makers:
        maker.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1
