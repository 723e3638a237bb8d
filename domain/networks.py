"""Where somebody comes from, and what a host is, as far as it can be told from addresses and names."""

from __future__ import annotations

import ipaddress

IPV6_PREFIX = 64
"""Bits. Whoever has one address of IPv6 has all of such a network, and can use a new one for each attempt."""


def network_of(address: str) -> str:
    """The address itself, or the network of an IPv6 address: '2001:db8::5' -> '2001:db8::/64'. What is no address
    stays as it is."""
    found = ip_address(address.partition("%")[0])
    if found is None or found.version == 4:
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))


def is_loopback_name(host: str) -> bool:
    """Whether a browser that shows `host` (name or address, with or without port) talks to its own machine."""
    name = name_of_host(host)
    address = ip_address(name)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def name_of_host(host: str) -> str:
    """The name or address alone: 'Lego.lan:8000' -> 'lego.lan', '[::1]:8000' -> '::1'."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def ip_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that is written so; None if it is none."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
