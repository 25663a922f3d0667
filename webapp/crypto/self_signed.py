"""A self-signed certificate for HTTPS on the local network: phones need HTTPS for the camera.

Browsers warn of it once, because no authority signed it. To use a certificate of an authority, put
it into the same files.
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
RENEW_BEFORE_EXPIRY = timedelta(days=30)
# Any private address works: a UDP connect sends nothing, it only selects the network interface.
PRIVATE_DESTINATION = ("10.255.255.255", 1)


def local_address() -> str:
    """Return the address at which other devices of the local network reach this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(PRIVATE_DESTINATION)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def make_certificate(certificate_file: Path, key_file: Path, address: str) -> None:
    """Write a certificate and its key, unless a valid one for this address exists.

    A certificate that this app did not make is never replaced.
    """
    if certificate_file.exists() and not _needs_replacement(certificate_file, address):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, address)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate_file.unlink(missing_ok=True)  # a crash must not leave it with another key
    with atomic_write(key_file) as file:
        file.write(private)
    with atomic_write(certificate_file) as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))


def _needs_replacement(certificate_file: Path, address: str) -> bool:
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    if certificate.issuer != _name():
        return False
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    expires_soon = certificate.not_valid_after_utc < datetime.now(UTC) + RENEW_BEFORE_EXPIRY
    return expires_soon or ipaddress.ip_address(address) not in names.get_values_for_type(
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
