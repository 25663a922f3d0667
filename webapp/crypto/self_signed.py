"""A certificate of our own for HTTPS on the local network, where phones refuse the camera without.

Browsers warn of it once, since nobody vouches for it; a certificate from an authority takes its
place by lying in the same files.
"""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from webapp.core.atomic_files import atomic_write

LIFETIME = timedelta(days=397)
RENEWED_BEFORE_END = timedelta(days=30)
# Any private address will do: nothing is sent, the system only says by which way it would go.
SOMEWHERE_PRIVATE = ("10.255.255.255", 1)


def local_address() -> str:
    """The address under which other devices of the local network reach this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(SOMEWHERE_PRIVATE)
        except OSError:
            return "127.0.0.1"
        return str(way.getsockname()[0])


def make_certificate(certificate_file: Path, key_file: Path, address: str) -> None:
    """Write a certificate and its key, unless there is one that holds for this address.

    A certificate that this app did not make is left alone.
    """
    if certificate_file.exists() and not _is_to_be_replaced(certificate_file, address):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, address)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate_file.unlink(missing_ok=True)  # it never stands beside a key that is not its own
    with atomic_write(key_file) as file:
        file.write(private)
    with atomic_write(certificate_file) as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))


def _is_to_be_replaced(certificate_file: Path, address: str) -> bool:
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    if certificate.issuer != _name():
        return False
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_ending = certificate.not_valid_after_utc < datetime.now(UTC) + RENEWED_BEFORE_END
    return is_ending or ipaddress.ip_address(address) not in names.get_values_for_type(
        x509.IPAddress
    )


def _name() -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Siamese Faces, made by itself")])


def _signed(key: ec.EllipticCurvePrivateKey, address: str) -> x509.Certificate:
    addresses = dict.fromkeys((address, "127.0.0.1"))
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
    start = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name())
        .issuer_name(_name())
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(hours=1))
        .not_valid_after(start + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
