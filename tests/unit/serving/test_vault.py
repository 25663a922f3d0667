from __future__ import annotations

import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto.vault import (
    InstallationSecrets,
    MasterKeyUnusable,
    PersonSeal,
    Place,
    SealBroken,
    Vault,
    read_master_key,
    write_new_key,
)

keys = st.binary(min_size=32, max_size=32)
places = st.builds(
    Place, st.sampled_from(["anchor", "anchor_embedding"]), st.uuids(), st.sampled_from(["a", "b"])
)


@given(keys, places, st.binary(max_size=2000))
def test_a_ciphertext_opens_in_its_place(key: bytes, place: Place, value: bytes) -> None:
    seal = PersonSeal(key)

    assert seal.open(seal.seal(value, place), place) == value


@given(keys, places, places, st.binary(max_size=200))
def test_a_moved_ciphertext_does_not_open(
    key: bytes, place: Place, other: Place, value: bytes
) -> None:
    seal = PersonSeal(key)
    sealed = seal.seal(value, place)

    if other == place:
        assert seal.open(sealed, other) == value
    else:
        with pytest.raises(SealBroken):
            seal.open(sealed, other)


@given(keys, places, st.binary(max_size=200), st.data())
def test_an_altered_ciphertext_does_not_open(
    key: bytes, place: Place, value: bytes, data: st.DataObject
) -> None:
    seal = PersonSeal(key)
    sealed = bytearray(seal.seal(value, place))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(SealBroken):
        seal.open(bytes(sealed), place)


@given(keys, places, st.binary(max_size=60))
def test_arbitrary_bytes_do_not_open(key: bytes, place: Place, noise: bytes) -> None:
    with pytest.raises(SealBroken):
        PersonSeal(key).open(noise, place)


@given(keys, st.uuids(), st.uuids())
def test_a_persons_key_opens_for_that_person_only(key: bytes, person: UUID, other: UUID) -> None:
    vault = Vault(key)
    wrapped = vault.new_person_key(person)

    vault.person_seal(wrapped, person)
    if other != person:
        with pytest.raises(SealBroken):
            vault.person_seal(wrapped, other)


@given(keys, keys, st.uuids())
def test_a_persons_key_opens_under_its_master_key_only(
    key: bytes, other: bytes, person: UUID
) -> None:
    wrapped = Vault(key).new_person_key(person)

    if key != other:
        assert Vault(key).master_key_id != Vault(other).master_key_id
        with pytest.raises(SealBroken):
            Vault(other).person_seal(wrapped, person)


def test_nothing_opens_a_ciphertext_without_the_wrapped_key() -> None:
    vault, person, place = Vault(b"m" * 32), uuid4(), Place("anchor", uuid4(), "picture")
    sealed = vault.person_seal(vault.new_person_key(person), person).seal(b"a face", place)

    made_anew = vault.person_seal(vault.new_person_key(person), person)

    with pytest.raises(SealBroken):
        made_anew.open(sealed, place)


def test_sealing_twice_gives_different_bytes() -> None:
    seal, place = PersonSeal(b"k" * 32), Place("anchor", uuid4(), "picture")

    assert seal.seal(b"same", place) != seal.seal(b"same", place)


def test_digests_differ_by_purpose_value_and_key() -> None:
    own, other = InstallationSecrets(b"m" * 32), InstallationSecrets(b"n" * 32)
    digests = {
        own.keyed_digest("claim", "a"),
        own.keyed_digest("claim", "b"),
        own.keyed_digest("stranger", "a"),
        other.keyed_digest("claim", "a"),
    }

    assert len(digests) == 4
    assert own.keyed_digest("claim", "a") == InstallationSecrets(b"m" * 32).keyed_digest(
        "claim", "a"
    )


def test_a_new_master_key_keeps_the_wrapped_keys_usable() -> None:
    old, both, new = Vault(b"o" * 32), Vault(b"n" * 32, b"o" * 32), Vault(b"n" * 32)
    person, place = uuid4(), Place("anchor", uuid4(), "picture")
    wrapped, own = old.new_person_key(person), old.new_installation_key()
    sealed = old.person_seal(wrapped, person).seal(b"a face", place)

    rewrapped = both.rewrapped_person_key(wrapped, person)

    assert both.person_seal(wrapped, person).open(sealed, place) == b"a face"
    assert new.person_seal(rewrapped, person).open(sealed, place) == b"a face"
    assert new.installation_secrets(both.rewrapped_installation_key(own)).keyed_digest(
        "claim", "a"
    ) == old.installation_secrets(own).keyed_digest("claim", "a")
    with pytest.raises(SealBroken):
        new.person_seal(wrapped, person)
    with pytest.raises(SealBroken):
        old.person_seal(rewrapped, person)


def test_a_new_key_is_its_owners_alone_and_never_replaces_one(tmp_path: Path) -> None:
    path = tmp_path / "instance" / "master.key"

    write_new_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = read_master_key(path)
    assert len(key) == 32
    write_new_key(path)
    assert read_master_key(path) == key


def test_a_key_readable_by_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    write_new_key(path)
    path.chmod(0o640)

    with pytest.raises(MasterKeyUnusable, match="chmod 600"):
        read_master_key(path)


@pytest.mark.parametrize("content", ["", "no hex at all", "ab" * 31])
def test_an_invalid_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(MasterKeyUnusable) as refusal:
        read_master_key(path)

    assert not content or content not in str(refusal.value)


def test_a_missing_key_is_reported_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyUnusable, match="Restore it from its copy"):
        read_master_key(tmp_path / "master.key")
