"""The files that an operator copies say what docs/SECURITY.md says of them."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HARDENING = {
    "User": "lego", "UMask": "0077", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict",
    "ReadWritePaths": "/srv/lego", "PrivateTmp": "yes", "PrivateDevices": "yes", "RestrictNamespaces": "yes",
    "SystemCallFilter": "@system-service", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
}


def test_the_service_is_no_root_and_writes_to_its_own_folder_only():
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str
    unit.read_string((ROOT / "ops/systemd/lego.service").read_text(encoding="utf-8"))
    service = dict(unit["Service"])
    assert {name: service.get(name) for name in HARDENING} == HARDENING
    assert service["ExecStart"] == "/srv/lego/deploy_lego.sh --foreground $DEPLOY_OPTIONS"


def test_the_proxies_replace_what_a_visitor_says_of_themself():
    nginx = (ROOT / "ops/nginx.conf").read_text(encoding="utf-8")
    # $proxy_add_x_forwarded_for would pass on what the visitor sent.
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in nginx
    assert "proxy_add_x_forwarded_for" not in nginx
    assert re.search(r"ssl_protocols TLSv1\.2 TLSv1\.3;", nginx)
    caddy = (ROOT / "ops/Caddyfile").read_text(encoding="utf-8")
    assert "reverse_proxy 127.0.0.1:8000 {" in caddy and "trusted_proxies static" not in caddy
    for text in (nginx, caddy):
        assert "trusted_proxies = 1" in text and "allowed_hosts = lego.example.com" in text


def test_what_the_proxies_answer_themselves_has_headers_and_what_they_pass_on_keeps_its_own():
    nginx = (ROOT / "ops/nginx.conf").read_text(encoding="utf-8")
    caddy = (ROOT / "ops/Caddyfile").read_text(encoding="utf-8")
    policy = "default-src 'none'; frame-ancestors 'none'"
    for name, variable, text in (
        ("Content-Security-Policy", "lego_policy", policy), ("X-Content-Type-Options", "lego_sniffing", "nosniff"),
        ("X-Frame-Options", "lego_frames", "DENY"), ("Referrer-Policy", "lego_referrer", "same-origin"),
    ):
        # For the redirect and for the dashboard; both servers that answer.
        assert nginx.count(f"    add_header {name} ${variable} always;\n") == 2
        upstream = name.lower().replace("-", "_")
        assert f'map $upstream_http_{upstream} ${variable} {{\n    "" "{text}";\n    default "";\n}}' in nginx
        assert re.search(rf"header \?{name} \"?{re.escape(text)}\"?\n", caddy)
    assert caddy.count("import own_answers") == 3 and "handle_errors {" in caddy


def test_nginx_takes_requests_in_before_it_passes_them_on():
    nginx = (ROOT / "ops/nginx.conf").read_text(encoding="utf-8")
    assert "proxy_request_buffering on;" in nginx and "proxy_request_buffering off" not in nginx
