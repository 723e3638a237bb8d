"""Under which names the dashboard answers: any other Host is refused with 400.

With `[web] allowed_hosts` empty these are: loopback names, `[web] host`, this machine's name (with and
without domain, and under .local), and any IP address: a browser that shows one really dialled it, so no
foreign name can be made to point here (DNS rebinding). A proxy's public name has to be listed. With
`allowed_hosts` set, exactly those names and the loopback names; `.example.com` stands for its subdomains. The name of
`[web] public_url` is always one of them.

A link that somebody is given with a secret in it must lead here, and a Host is what its sender says: it is made from
`public_url`, and without that only from names that cannot be anybody else's.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from flask import Flask, abort, request

from domain.errors import SetupError
from domain.networks import ip_address, is_loopback_name, name_of_host
from settings import WebSettings
from web.http import current


def register(app: Flask) -> None:
    """Checks every request's Host before anything else looks at it."""

    @app.before_request
    def _check() -> None:
        if not is_allowed(request.host, current.settings().web):
            app.logger.warning("Host %r refused; if it is yours, add it to [web] allowed_hosts", request.host[:200])
            abort(400, "The dashboard is not served under this name.")


def is_allowed(host: str, web: WebSettings) -> bool:
    """Whether `host` (name or address, with or without port) is one the dashboard answers to."""
    name = name_of_host(host)
    if is_loopback_name(host) or name == _public_name(web):
        return True
    if web.allowed_hosts:
        return any(_matches(name, allowed.lower().rstrip(".")) for allowed in web.allowed_hosts)
    return ip_address(name) is not None or name in _own_names(web)


def link_base() -> str:
    """What stands before the path of a link that is opened elsewhere: `https://lego.example.com`. Raises SetupError if
    nothing says for certain under which name that is."""
    web, host = current.settings().web, request.host
    if web.public_url:
        return web.public_url
    if is_loopback_name(host) or name_of_host(host) in _own_names(web):
        return f"{request.scheme}://{host}"
    raise SetupError(
        f"no link can be made under the name {host}; set [web] public_url in config.ini to the address that people "
        "open, such as https://lego.example.com"
    )


def _own_names(web: WebSettings) -> set[str]:
    machine = socket.gethostname().lower()
    own = {web.host.lower(), machine, machine.partition(".")[0]}
    return own | {f"{name}.local" for name in own}


def _public_name(web: WebSettings) -> str | None:
    return name_of_host(urlsplit(web.public_url).netloc) if web.public_url else None


def _matches(name: str, allowed: str) -> bool:
    return name.endswith(allowed) if allowed.startswith(".") else name == name_of_host(allowed)
