"""Where somebody comes from, as far as it can be told from an address."""

from __future__ import annotations

import ipaddress

IPV6_PREFIX = 64
"""Bits. Whoever has one address of IPv6 has all of such a network, and can use a new one for each attempt."""


def network_of(address: str) -> str:
    """The address itself, or the network of an IPv6 address: '2001:db8::5' -> '2001:db8::/64'. What is no address
    stays as it is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
