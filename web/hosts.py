"""Under which names the dashboard answers: any other Host is refused with 400.

With `[web] allowed_hosts` empty these are: loopback names, `[web] host`, this machine's name (with and
without domain, and under .local), and any IP address: a browser that shows one really dialled it, so no
foreign name can be made to point here (DNS rebinding). A proxy's public name has to be listed. With
`allowed_hosts` set, exactly those names and the loopback names; `.example.com` stands for its subdomains.
"""

from __future__ import annotations

import ipaddress
import socket

from flask import Flask, abort, request

from settings import WebSettings
from web import current


def register(app: Flask) -> None:
    """Checks every request's Host before anything else looks at it."""

    @app.before_request
    def _check() -> None:
        if not is_allowed(request.host, current.settings().web):
            app.logger.warning("Host %r refused; if it is yours, add it to [web] allowed_hosts", request.host[:200])
            abort(400, "The dashboard is not served under this name.")


def is_allowed(host: str, web: WebSettings) -> bool:
    """Whether `host` (name or address, with or without port) is one the dashboard answers to."""
    name = _name(host)
    if is_loopback_name(host):
        return True
    if web.allowed_hosts:
        return any(_matches(name, allowed.lower().rstrip(".")) for allowed in web.allowed_hosts)
    machine = socket.gethostname().lower()
    own = {web.host.lower(), machine, machine.partition(".")[0]}
    return _address(name) is not None or name in own | {f"{own_name}.local" for own_name in own}


def is_loopback_name(host: str) -> bool:
    """Whether a browser that shows `host` talks to its own machine."""
    name = _name(host)
    address = _address(name)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _matches(name: str, allowed: str) -> bool:
    return name.endswith(allowed) if allowed.startswith(".") else name == _name(allowed)
