"""Client networks: the groups of addresses that share one rate limit."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# An IPv6 subscriber gets at least a /64 (RFC 6177) and may send from any address in it.
SUBSCRIBER_BITS = 64
# Prefix lengths by IP version that one organisation usually gets.
SITE_BITS = {4: 24, 6: 48}
# NAT64 prefix of RFC 6052: IPv4 clients that reach an IPv6 server through a translator.
NAT64 = IPv6Network("64:ff9b::/96")
# Requests through a Unix socket have no address; they share one network.
UNKNOWN = "unknown"


def client_network(address: str | None) -> str:
    """Return the network whose requests count as those of one client.

    It is a single IPv4 address, also if mapped into IPv6, or the /64 of an IPv6 address. Ports and
    zones are ignored. Text that is not an address is returned unchanged.

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
    """Return the site of a client: the /24 of an IPv4 address, the /48 of an IPv6 address.

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
    return _embedded_ipv4(parsed) or parsed if isinstance(parsed, IPv6Address) else parsed


def _without_port(text: str) -> str:
    """Strip the port that some proxies add: 192.0.2.7:50123 or [2001:db8::1]:50123."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
