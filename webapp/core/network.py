"""Network addresses: whose requests are counted together."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# A subscriber of IPv6 holds a /64 at least (RFC 6177), and may send from any address in it.
SUBSCRIBER_BITS = 64
# What one organisation usually gets in whole.
SITE_BITS = {4: 24, 6: 48}
# RFC 6052: IPv4 clients that reach a server of IPv6 through a translator.
TRANSLATED = IPv6Network("64:ff9b::/96")
# Behind a Unix socket requests have no address; they all count as one client's.
UNKNOWN = "unknown"


def client_network(address: str | None) -> str:
    """Return the network whose requests count as one client's.

    An IPv4 address counts alone, also where it is written as IPv6; of IPv6 the /64 counts. Ports
    and zones are ignored. Text that is no address counts as it is.

    >>> client_network("2001:db8:1:2:aaaa::1")
    '2001:db8:1:2::/64'
    >>> client_network("::ffff:192.0.2.7")
    '192.0.2.7'
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), SUBSCRIBER_BITS), strict=False))
    return str(parsed)


def client_site(address: str | None) -> str:
    """Return the wider network of a client: the /24 of an IPv4 address, the /48 of an IPv6 one.

    >>> client_site("192.0.2.7")
    '192.0.2.0/24'
    """
    parsed = _parsed(address)
    if isinstance(parsed, str):
        return parsed
    network = IPv4Network if isinstance(parsed, IPv4Address) else IPv6Network
    return str(network((int(parsed), SITE_BITS[parsed.version]), strict=False))


def _parsed(address: str | None) -> IPv4Address | IPv6Address | str:
    text = (address or "").strip()
    try:
        parsed = ip_address(_without_port(text))
    except ValueError:
        return text or UNKNOWN
    return _ipv4_inside(parsed) or parsed if isinstance(parsed, IPv6Address) else parsed


def _without_port(text: str) -> str:
    """Some proxies write 192.0.2.7:50123 or [2001:db8::1]:50123."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _ipv4_inside(address: IPv6Address) -> IPv4Address | None:
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
