"""config.ini and the environment -> one frozen `Settings`, the same for flask, scripts and gunicorn.

Every key is declared once, in the dataclasses below, with its type and its default. The environment
wins over the file: `LEGO_DATABASE_PASSWORD` beats `[database] password`. config.ini comes with the program; where
there is a config.local.ini, which git does not track, that is read in its place. `LEGO_CONFIG` names another file.
`%` and `;` in values are literal. Anything not understood is an error that says where it stands and names the
nearest thing that would be.
"""

from __future__ import annotations

import configparser
import dataclasses
import difflib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import SettingsError

ROOT = Path(__file__).resolve().parent
"""Where this code is: the repository, or the copy of it that is served."""
RELEASES = ".releases"
HOME = ROOT.parent.parent if ROOT.parent.name == RELEASES else ROOT
"""Where the installation is: the repository, with settings, instance folder and environments."""

NOT_SETTINGS = (
    "LEGO_CONFIG", "LEGO_COMMANDS_CONFIG", "LEGO_CRASH_AT", "LEGO_REQUEST_ID", "LEGO_CALLED_AS", "LEGO_FETCH_TOKEN",
)
_SECRETS = (
    ("database", "password"), ("web", "secret_key"), ("web", "metrics_token"), ("cache", "url"), ("mail", "password"),
    ("notices", "webhook"), ("cluster", "password"),
)
_CURRENCY = {"form": r"[A-Z]{3}", "meaning": "a currency code of three capital letters, like USD"}
_TIMES = {"form": r"([01]\d|2[0-3]):[0-5]\d", "meaning": "a time of day like 03:00"}
_PERCENTAGE = {"form": r"-?\d{1,3}(\.\d+)?", "meaning": "a percentage like 20 or 12.5"}
_MAIL_ADDRESS = {"form": r"[!-+\--;=?A-~]+@[A-Za-z0-9.-]+", "meaning": "an address of e-mail like ops@example.com"}
_NODE = {"form": r"[A-Za-z0-9.-]+(:[1-9]\d{0,4})?", "meaning": "a server like 10.0.0.11 or 10.0.0.11:3307"}
_PUBLIC_URL = {
    "form": r"https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[1-9]\d{0,4})?/?",
    "meaning": "an address like https://lego.example.com, without a path",
}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


COLUMNAR = "columnar"
"""Summaries of a server's facts, kept in files that hold columns."""


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the facts are. Without `engine`: mysql where a host is given, else embedded. `summaries` of a server's
    facts are tables of the server, or columnar: files of the instance folder; with `also_tables` the tables are kept
    for other programs, too."""

    engine: str = field(default="", metadata={"choices": ("embedded", "mysql")})
    summaries: str = field(default="tables", metadata={"choices": ("tables", COLUMNAR)})
    also_tables: str = field(default="no", metadata={"choices": ("no", "yes")})
    path: Path = Path("instance")
    host: str = ""
    port: int = field(default=3306, metadata={"range": (1, 65535)})
    user: str = "lego"
    password: str = field(default="", repr=False)
    database: str = "lego"
    pool_size: int = field(default=5, metadata={"range": (1, 1000)})
    statement_timeout: int = field(default=30, metadata={"range": (1, 86400)})
    memory: int = field(default=1024, metadata={"range": (256, 1048576)})


@dataclass(frozen=True)
class ClusterSettings:
    """The data nodes behind a MariaDB Spider head, the server of [database]; without nodes there is no cluster. User,
    password and database are those of [database] unless given."""

    nodes: tuple[str, ...] = field(default=(), metadata=_NODE)
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""


@dataclass(frozen=True)
class RefreshSettings:
    """How summaries are rebuilt. `workers` 0 means one per core; `expected_at` are the times of day, by this machine's
    clock, at which a refresh is scheduled; none: the habit of the last days is gone by."""

    workers: int = field(default=0, metadata={"range": (0, 256)})
    exclude_groups: tuple[str, ...] = ("stock",)
    keep_generations: int = field(default=2, metadata={"range": (1, 1000)})
    expected_at: tuple[str, ...] = field(default=(), metadata=_TIMES)


@dataclass(frozen=True)
class WebSettings:
    """How the pages are served. `public_url` is where people open them; it has no slash at its end."""

    host: str = "127.0.0.1"
    port: int = field(default=8000, metadata={"range": (1, 65535)})
    workers: int = field(default=2, metadata={"range": (1, 256)})
    threads: int = field(default=4, metadata={"range": (1, 256)})
    secret_key: str = field(default="", repr=False)
    trusted_proxies: int = field(default=0, metadata={"range": (0, 10)})
    allowed_hosts: tuple[str, ...] = ()
    public_url: str = field(default="", metadata=_PUBLIC_URL)
    session_idle_minutes: int = field(default=480, metadata={"range": (1, 525600)})
    upload_mib: int = field(default=512, metadata={"range": (1, 1048576)})
    metrics_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class CacheSettings:
    """Where finished answers are kept, and how old one may be shown when the database is down."""

    backend: str = field(default="filesystem", metadata={"choices": ("filesystem", "redis")})
    url: str = field(default="", repr=False)
    stale_hours: int = field(default=72, metadata={"range": (0, 8760)})


@dataclass(frozen=True)
class LogSettings:
    """How requests and commands are written down: a line each, as text or as JSON. `level` warning leaves out what went
    well."""

    format: str = field(default="text", metadata={"choices": ("text", "json")})
    level: str = field(default="info", metadata={"choices": ("info", "warning")})


@dataclass(frozen=True)
class MailSettings:
    """The server that takes notices by e-mail, from whom and to whom. Without a host, none are sent."""

    host: str = ""
    port: int = field(default=587, metadata={"range": (1, 65535)})
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = field(default="starttls", metadata={"choices": ("starttls", "tls", "none")})
    from_: str = field(default="", metadata=_MAIL_ADDRESS)
    to: tuple[str, ...] = field(default=(), metadata=_MAIL_ADDRESS)


@dataclass(frozen=True)
class NoticeSettings:
    """Where else notices go. Whoever knows the webhook's address may post there: it is a secret."""

    webhook: str = field(default="", repr=False)


@dataclass(frozen=True)
class DashboardSettings:
    """What pages say. Margins are in percent of net revenue."""

    title: str = "LEGO Dashboard"
    currency: str = field(default="USD", metadata=_CURRENCY)
    margin_green: float = field(default=20.0, metadata=_PERCENTAGE)
    margin_orange: float = field(default=15.0, metadata=_PERCENTAGE)


@dataclass(frozen=True)
class AmazonSettings:
    """How Amazon's reports are read: whose word counts for sales, and whether prices of orders include tax."""

    sales_from: str = field(default="payments", metadata={"choices": ("payments", "orders")})
    prices_include_tax: str = field(default="auto", metadata={"choices": ("auto", "always", "never")})


@dataclass(frozen=True)
class CostSettings:
    """Whether costs that belong to no product are shared out among those that were sold, and by what; whether overheads
    are, too."""

    spread: str = field(default="none", metadata={"choices": ("none", "revenue", "units")})
    spread_overheads: str = field(default="no", metadata={"choices": ("no", "yes")})


@dataclass(frozen=True)
class Settings:
    """All settings. `source` is the file they came from, or None if there was none."""

    database: DatabaseSettings = DatabaseSettings()
    cluster: ClusterSettings = ClusterSettings()
    refresh: RefreshSettings = RefreshSettings()
    web: WebSettings = WebSettings()
    cache: CacheSettings = CacheSettings()
    log: LogSettings = LogSettings()
    mail: MailSettings = MailSettings()
    notices: NoticeSettings = NoticeSettings()
    dashboard: DashboardSettings = DashboardSettings()
    amazon: AmazonSettings = AmazonSettings()
    costs: CostSettings = CostSettings()
    source: Path | None = None
    warnings: tuple[str, ...] = ()


SECTIONS = {f.name: type(f.default) for f in dataclasses.fields(Settings) if f.name not in ("source", "warnings")}


def load_settings(path: Path | str | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Reads `path`, or the file named by `LEGO_CONFIG`, or config.ini beside this module.

    Raises SettingsError with one line on the first thing that cannot be meant.
    """
    environment = os.environ if environment is None else environment
    named = path or environment.get("LEGO_CONFIG")
    source = _own_file(Path(named) if named else HOME / "config.ini")
    content = _content(source)
    if named and content is None:
        raise SettingsError(f"{source}: there is no such file; LEGO_CONFIG or --config must name a readable one")
    found = None if content is None else source
    written = _file_values(source.name, content or "")
    given = _environment_values(environment)
    texts = {**written, **given}
    origins = {key: _variable(*key) if key in given else f"{source.name} [{key[0]}] {key[1]}" for key in texts}
    sections = {section: _build_section(section, kind, texts, origins) for section, kind in SECTIONS.items()}
    sections["database"] = _settle_engine(sections["database"])
    sections["web"] = dataclasses.replace(sections["web"], public_url=sections["web"].public_url.rstrip("/"))
    _check_cluster(sections["cluster"], origins)
    _check_secret(sections["web"], origins)
    _check_mail(sections["mail"], origins)
    _check_webhook(sections["notices"], origins)
    _check_spread(sections["costs"], origins)
    return Settings(**sections, source=found, warnings=_warnings(found, written))


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables with which another process has these very settings, whatever its config.ini says."""
    variables = {}
    for section, kind in SECTIONS.items():
        for spec in dataclasses.fields(kind):
            value = getattr(getattr(settings, section), spec.name)
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            variables[_variable(section, _key(spec))] = text
    return variables


def keys_of(section: str) -> list[str]:
    """The keys that a section of config.ini may have."""
    return [_key(spec) for spec in dataclasses.fields(SECTIONS[section])]


def _own_file(source: Path) -> Path:
    """config.local.ini, if it is there, in the place of the config.ini that git tracks; also for whoever names that
    one, as older cron lines do."""
    own = HOME / "config.local.ini"
    return own if own.is_file() and source.resolve() == (HOME / "config.ini").resolve() else source


def _content(source: Path) -> str | None:
    try:
        return source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{source}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{source}: cannot be read ({error.strerror})") from None


def _file_values(name: str, content: str) -> dict[tuple[str, str], str]:
    """What the file says, before types. No message repeats a line of it: a line may hold a password."""
    parser = configparser.ConfigParser(
        interpolation=None, comment_prefixes=("#", ";"), default_section="\0", empty_lines_in_values=False
    )
    try:
        parser.read_string(content)
    except configparser.Error as error:
        raise SettingsError(f"{name} {_place_and_fault(error)}") from None
    values = {}
    for section in parser.sections():
        if section not in SECTIONS:
            raise SettingsError(f"{name}: unknown section [{section}]{_nearest(section, SECTIONS)}")
        for key, text in parser.items(section):
            if key not in keys_of(section):
                raise SettingsError(f"{name}: [{section}] has no key {key!r}{_nearest(key, keys_of(section))}")
            if "\n" in text:
                raise SettingsError(f"{name}: the line after [{section}] {key} must start at the margin")
            values[section, key] = text
    return values


def _place_and_fault(error: configparser.Error) -> str:
    match error:
        case configparser.MissingSectionHeaderError(lineno=line):
            return f"line {line}: a section such as [database] must come first"
        case configparser.DuplicateOptionError(lineno=line):
            return f"line {line}: [{error.section}] {error.option} stands there twice; keep one"
        case configparser.DuplicateSectionError(lineno=line):
            return f"line {line}: section [{error.section}] stands there twice; join them"
        case configparser.ParsingError(errors=[(line, _), *_]):
            return f"line {line}: it is not of the form key = value"
    return f"cannot be understood ({type(error).__name__})"


def _environment_values(environment: Mapping[str, str]) -> dict[tuple[str, str], str]:
    known = {_variable(section, key): (section, key) for section in SECTIONS for key in keys_of(section)}
    values = {}
    for name, text in environment.items():
        if not name.startswith("LEGO_") or name in NOT_SETTINGS:
            continue
        if name not in known:
            raise SettingsError(f"environment: {name} is no setting{_nearest(name, known)}")
        values[known[name]] = text
    return values


def _build_section(section: str, kind: type, texts: dict, origins: dict) -> Any:
    return kind(**{
        spec.name: _convert(texts[section, _key(spec)].strip(), spec, origins[section, _key(spec)])
        for spec in dataclasses.fields(kind)
        if texts.get((section, _key(spec)), "").strip()
    })


def _convert(text: str, spec: dataclasses.Field, origin: str) -> Any:
    rules, kind = spec.metadata, type(spec.default)
    if kind is tuple:
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        for part in parts if "form" in rules else ():
            _check_form(part, rules, origin)
        return parts
    if kind is int:
        return _whole_number(text, rules["range"], origin)
    if "choices" in rules and text not in rules["choices"]:
        permitted = ", ".join(rules["choices"])
        raise SettingsError(f"{origin}: {text!r} is not one of {permitted}")
    if "form" in rules:
        _check_form(text, rules, origin)
    return Path(text) if isinstance(spec.default, Path) else kind(text)


def _check_form(text: str, rules: Mapping[str, str], origin: str) -> None:
    if not re.fullmatch(rules["form"], text, re.ASCII):
        raise SettingsError(f"{origin}: {text!r} is not {rules['meaning']}")


def _whole_number(text: str, bounds: tuple[int, int], origin: str) -> int:
    lowest, highest = bounds
    if not (text.isascii() and text.isdigit()) or not lowest <= int(text) <= highest:
        raise SettingsError(f"{origin}: {text!r} is not a whole number from {lowest} to {highest}")
    return int(text)


def _settle_engine(database: DatabaseSettings) -> DatabaseSettings:
    engine = database.engine or ("mysql" if database.host else "embedded")
    path = database.path if database.path.is_absolute() else HOME / database.path
    return dataclasses.replace(database, engine=engine, path=path, host=database.host or "127.0.0.1")


def _check_secret(web: WebSettings, origins: dict) -> None:
    if web.secret_key and len(web.secret_key.encode()) < 32:
        raise SettingsError(
            f"{origins['web', 'secret_key']}: shorter than 32 bytes; remove it, and a safe one is made in its place"
        )
    if web.metrics_token and len(web.metrics_token.encode()) < 32:
        raise SettingsError(
            f"{origins['web', 'metrics_token']}: shorter than 32 bytes; make one with: openssl rand -hex 32"
        )


def _check_cluster(cluster: ClusterSettings, origins: dict) -> None:
    twice = next((node for node in cluster.nodes if cluster.nodes.count(node) > 1), None)
    if twice:
        raise SettingsError(f"{origins['cluster', 'nodes']}: names {twice} twice")


def _check_mail(mail: MailSettings, origins: dict) -> None:
    if not mail.host:
        return
    for key, value in (("from", mail.from_), ("to", mail.to)):
        if not value:
            raise SettingsError(f"[mail] {key}: must name an address, because [mail] host is set")
    if mail.user and mail.security == "none" and mail.host not in _THIS_MACHINE:
        raise SettingsError(
            f"{origins['mail', 'security']}: none would send the password readable to {mail.host}; use starttls or tls"
        )


def _check_webhook(notices: NoticeSettings, origins: dict) -> None:
    """No message repeats the address, for it is a secret."""
    if notices.webhook and not re.fullmatch(r"https?://[!-~]+", notices.webhook, re.ASCII):
        raise SettingsError(f"{origins['notices', 'webhook']}: is not an address that begins with https://")


def _check_spread(costs: CostSettings, origins: dict) -> None:
    if costs.spread_overheads == "yes" and costs.spread == "none":
        raise SettingsError(
            f"{origins['costs', 'spread_overheads']}: yes needs [costs] spread = revenue or units, by which overheads "
            "are shared out"
        )


def _warnings(source: Path | None, written: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    if source is None:
        return ("config.ini: not there, every setting has its default",)
    warnings = []
    if source.parent == HOME and source.name == "config.local.ini" and _says_something(HOME / "config.ini"):
        warnings.append("config.ini: what it sets is not read, because config.local.ini is there; move it there")
    readable_by_all = source.stat().st_mode & stat.S_IROTH
    if readable_by_all and any(written.get(key) for key in _SECRETS):
        warnings.append(
            f"{source.name}: holds a secret and every user of this machine can read it; run: chmod 600 {source}"
        )
    return tuple(warnings)


def _says_something(file: Path) -> bool:
    """Whether a line of the file is a setting, not a comment, a section or blank."""
    return bool(re.search(r"^[ \t]*[^#;\[\s]", _content(file) or "", re.MULTILINE))


def _key(spec: dataclasses.Field) -> str:
    """A key may be a word of the language; its field then ends in an underscore."""
    return spec.name.rstrip("_")


def _variable(section: str, key: str) -> str:
    return f"LEGO_{section}_{key}".upper()


def _nearest(word: str, known) -> str:
    close = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1)
    if close:
        return f"; did you mean {next(k for k in known if k.lower() == close[0])!r}?"
    return f"; known are {', '.join(known)}"
