from __future__ import annotations

import pytest
from flask import Flask

from webapp.core.network import client_network, client_site
from webapp.extensions import asking_network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:50123", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::c000:207", "192.0.2.7"),
        ("2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:50123", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("somewhere", "somewhere"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_addresses_of_one_subscriber_are_one_client(address: str | None, network: str) -> None:
    assert client_network(address) == network


def test_neighbouring_subscribers_are_two_clients() -> None:
    assert client_network("2001:db8:1:2::1") != client_network("2001:db8:1:3::1")


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::1", "2001:db8:1::/48"),
        ("somewhere", "somewhere"),
        (None, "unknown"),
    ],
)
def test_a_site_is_what_an_organisation_gets(address: str | None, site: str) -> None:
    assert client_site(address) == site


def test_requests_are_counted_by_the_network_they_come_from() -> None:
    with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": "2001:db8:1:2::9"}):
        assert asking_network() == "2001:db8:1:2::/64"
