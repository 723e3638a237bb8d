"""Asks another dashboard for its live generation, by its API, as a program with a token does."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator

from database.engines.values import GenerationFile
from domain.errors import DatabaseUnreachable, GenerationGone, Refused, SetupError
from domain.networks import is_loopback_name

SECONDS = 60
"""How long is waited for an answer, and for more of one."""
PIECE = 2**20
_MOST = 100_000
"""Bytes of an answer that is no file."""


class OtherDashboard:
    """The dashboard at an address. Its certificate is checked; redirects are not followed, so that the token goes to
    nobody else."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = _checked(address), token
        self._opener = _opener(self._address)

    def live(self) -> GenerationFile:
        """What is live there. Raises DatabaseUnreachable, SetupError, Refused."""
        with self._ask("generation") as answer:
            body = answer.read(_MOST)
        try:
            return _told(json.loads(body))
        except (ValueError, TypeError, KeyError):
            raise Refused(
                f"{self._address}: its answer is not that of a dashboard of this version; look at the address"
            ) from None

    def pieces(self, file: GenerationFile, note: Callable[[int], None]) -> Iterator[bytes]:
        """The bytes of a file; `note` is told how many came. Raises GenerationGone if another took its place."""
        came = 0
        with self._ask(f"generation/file?generation={file.generation}") as answer:
            while piece := self._read(answer):
                came += len(piece)
                note(came)
                yield piece

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            return answer.read(PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise DatabaseUnreachable(
                f"{self._address}: broke off while the file came ({_words(error)}); run it again; what was live still "
                "is"
            ) from None

    @contextlib.contextmanager
    def _ask(self, path: str) -> Iterator[http.client.HTTPResponse]:
        request = urllib.request.Request(
            f"{self._address}/api/v1/{path}",
            headers={"Authorization": f"Bearer {self._token}", "User-Agent": "lego-dashboard"},
        )
        try:
            answer = self._opener.open(request, timeout=SECONDS)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise DatabaseUnreachable(f"{self._address}: cannot be reached ({_words(error)}); run it again") from None
        with answer:
            yield answer

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        if 300 <= error.code < 400:
            target = re.sub(r"[^!-~]", "", error.headers.get("Location", "") or "")[:200]
            return SetupError(
                f"{self._address}: it sends elsewhere ({target}), which is not followed; give that address"
            )
        said = {
            401: "it does not know the token; make one there: flask create-token NAME --label LABEL",
            403: "the token's user may not have the file: it takes an analyst or admin who is limited to no brands",
        }.get(error.code)
        if said:
            return SetupError(f"{self._address}: {said}")
        detail = _detail(error)
        if error.code == 410:
            return GenerationGone(detail)
        if error.code == 404:
            return SetupError(f"{self._address}: {detail or 'no dashboard answers there'}")
        return DatabaseUnreachable(f"{self._address}: it answered {error.code} {detail}".rstrip() + "; run it again")


def _checked(address: str) -> str:
    """The address without a slash at its end. Raises SetupError unless a token may be sent there."""
    try:
        parts = urllib.parse.urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not re.fullmatch(r"[!-~]+", address):
        raise SetupError("the address is that of a dashboard, such as https://lego.example.com")
    if parts.username is not None or parts.query or parts.fragment:
        raise SetupError("the address has no user, password, ? or #: the token comes from a file")
    if parts.scheme == "http" and not _is_loopback(host):
        raise SetupError(f"{address}: a token goes over https only, or to this machine itself")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    return is_loopback_name(f"[{host}]" if ":" in host else host)


def _opener(address: str) -> urllib.request.OpenerDirector:
    """Follows nobody elsewhere; proxies of the environment are for other machines than this one."""
    opener = urllib.request.OpenerDirector()
    proxies = {} if _is_loopback(urllib.parse.urlsplit(address).hostname or "") else None
    for handler in (
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _told(answer: dict) -> GenerationFile:
    file = GenerationFile(**{field.name: answer[field.name] for field in dataclasses.fields(GenerationFile)})
    numbers, texts = (file.generation, file.bytes), (file.run_id, file.published_at, file.version)
    if not all(type(number) is int and 0 < number < 10**18 for number in numbers):
        raise ValueError(numbers)
    if not all(isinstance(text, str) for text in texts) or not re.fullmatch(r"[0-9a-f]{64}", file.sha256):
        raise ValueError(texts)
    return file


def _detail(error: urllib.error.HTTPError) -> str:
    """What a dashboard says is the reason, on one line; '' if it is none."""
    try:
        detail = str(json.loads(error.read(_MOST))["detail"])
    except (OSError, ValueError, TypeError, KeyError, http.client.HTTPException):
        return ""
    return " ".join(re.sub(r"[^\x20-\x7e]", " ", detail).split())[:300]


def _words(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    return (str(reason).splitlines() or [type(error).__name__])[0] or type(error).__name__
