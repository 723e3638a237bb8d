"""config.ini and the environment: what is understood, what is refused, and in which words."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from database import migrations
from database.store import open_store
from domain.errors import SettingsError, SetupError
from flask_app import create_app
from settings import ROOT, Settings, as_environment, load_settings
from tests.conftest import embedded_settings


def load(folder: Path, text: str | bytes, **environment: str) -> Settings:
    file = folder / "config.ini"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o600)
    return load_settings(file, environment)


def refusal(folder: Path, text: str | bytes, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder, text, **environment)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def flask(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEGO_")}
    return subprocess.run(
        [sys.executable, "-m", "flask", *arguments], cwd=ROOT, env={**clean, **environment},
        capture_output=True, text=True, timeout=120,
    )


# --- what is understood


def test_without_a_file_every_setting_has_its_default_and_that_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setattr("settings.HOME", tmp_path)
    settings = load_settings(environment={})
    assert settings.source is None
    assert settings.warnings == ("config.ini: not there, every setting has its default",)
    assert (settings.database.engine, settings.database.path) == ("embedded", tmp_path / "instance")
    assert (settings.refresh.exclude_groups, settings.refresh.keep_generations) == (("stock",), 2)
    assert (settings.dashboard.margin_green, settings.dashboard.margin_orange) == (20.0, 15.0)


def test_an_empty_file_gives_the_defaults_without_a_warning(tmp_path):
    settings = load(tmp_path, "")
    assert (settings.database, settings.warnings) == (load_settings(environment={}).database, ())


def test_the_file_in_the_repository_is_understood():
    assert load_settings(environment={}).source == ROOT / "config.ini"


def test_every_kind_of_value_is_read(tmp_path):
    settings = load(
        tmp_path,
        "[database]\npath = /srv/lego\n[refresh]\nexclude_groups = stock, returns ,\n"
        "[web]\nport = 9000\n[cache]\nbackend = redis\n[dashboard]\ncurrency = EUR\nmargin_green = 12.5\n",
    )
    assert settings.database.path == Path("/srv/lego")
    assert settings.refresh.exclude_groups == ("stock", "returns")
    assert settings.web.port == 9000
    assert settings.cache.backend == "redis"
    assert (settings.dashboard.currency, settings.dashboard.margin_green) == ("EUR", 12.5)


def test_a_relative_path_stands_from_the_repository(tmp_path):
    assert load(tmp_path, "[database]\npath = elsewhere\n").database.path == ROOT / "elsewhere"


def test_a_blank_value_means_the_default(tmp_path):
    assert load(tmp_path, "[database]\nport =\n").database.port == 3306


def test_a_host_means_mysql_and_its_absence_embedded(tmp_path):
    assert load(tmp_path, "[database]\nhost = db.local\n").database.engine == "mysql"
    assert load(tmp_path, "[database]\nport = 3307\n").database.engine == "embedded"
    assert load(tmp_path, "[database]\nengine = embedded\nhost = db.local\n").database.engine == "embedded"


def test_percent_and_semicolon_in_a_password_mean_themselves(tmp_path):
    secret = "%(host)s;50%#'\"=: x"
    assert load(tmp_path, f"[database]\npassword = {secret}\n").database.password == secret


def test_a_password_may_begin_with_a_semicolon(tmp_path):
    assert load(tmp_path, "[database]\npassword = ;x\n").database.password == ";x"


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path):
    settings = load(tmp_path, b"\xef\xbb\xbf[web]\r\nport = 9000\r\n")
    assert settings.web.port == 9000


def test_lines_beginning_with_a_hash_or_a_semicolon_are_comments(tmp_path):
    assert load(tmp_path, "# one\n; two\n[web]\n# port = 1\n; port = 2\n").web.port == 8000


# --- the environment


def test_the_environment_wins_over_the_file(tmp_path):
    settings = load(tmp_path, "[database]\npassword = file\nuser = file\n", LEGO_DATABASE_PASSWORD="environment")
    assert (settings.database.password, settings.database.user) == ("environment", "file")


def test_lego_config_names_another_file(tmp_path):
    file = tmp_path / "other.ini"
    file.write_text("[web]\nport = 9001\n")
    settings = load_settings(environment={"LEGO_CONFIG": str(file), "LEGO_CRASH_AT": "publish"})
    assert (settings.web.port, settings.source) == (9001, file)


def test_lego_config_must_name_a_file_that_is_there(tmp_path):
    missing = tmp_path / "none.ini"
    with pytest.raises(SettingsError) as caught:
        load_settings(environment={"LEGO_CONFIG": str(missing)})
    assert str(caught.value) == f"{missing}: there is no such file; LEGO_CONFIG or --config must name a readable one"


def test_a_folder_is_no_settings_file(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == f"{tmp_path}: cannot be read (Is a directory)"


def test_an_unknown_lego_variable_names_the_nearest(tmp_path):
    assert refusal(tmp_path, "", LEGO_DATABASE_PASWORD="hunter2") == (
        "environment: LEGO_DATABASE_PASWORD is no setting; did you mean 'LEGO_DATABASE_PASSWORD'?"
    )


def test_a_wrong_value_from_the_environment_names_its_variable(tmp_path):
    assert refusal(tmp_path, "[web]\nport = 80\n", LEGO_WEB_PORT="http") == (
        "LEGO_WEB_PORT: 'http' is not a whole number from 1 to 65535"
    )


# --- what is refused


REFUSALS = [
    ("port = 8000\n", "config.ini line 1: a section such as [database] must come first"),
    ("[web]\nport = 1\nport = 2\n", "config.ini line 3: [web] port stands there twice; keep one"),
    ("[web]\n[cache]\n[web]\n", "config.ini line 3: section [web] stands there twice; join them"),
    ("[database]\npassword hunter2\n", "config.ini line 2: it is not of the form key = value"),
    (
        "[database]\npassword = a\n  user = b\n",
        "config.ini: the line after [database] password must start at the margin",
    ),
    ("[Database]\n", "config.ini: unknown section [Database]; did you mean 'database'?"),
    (
        "[DEFAULT]\n",
        "config.ini: unknown section [DEFAULT]; known are database, cluster, refresh, web, cache, log, mail, notices, "
        "dashboard, amazon, costs",
    ),
    ("[database]\nprot = 3306\n", "config.ini: [database] has no key 'prot'; did you mean 'port'?"),
    (
        "[refresh]\nexpected_at = 03:00, 24:00\n",
        "config.ini [refresh] expected_at: '24:00' is not a time of day like 03:00",
    ),
    ("[cache]\ndebug = Ture\n", "config.ini: [cache] has no key 'debug'; known are backend, url, stale_hours"),
    ("[web]\nport = 99999\n", "config.ini [web] port: '99999' is not a whole number from 1 to 65535"),
    ("[web]\nport = 0\n", "config.ini [web] port: '0' is not a whole number from 1 to 65535"),
    ("[web]\nport = -1\n", "config.ini [web] port: '-1' is not a whole number from 1 to 65535"),
    ("[web]\nport = ٣٣\n", "config.ini [web] port: '٣٣' is not a whole number from 1 to 65535"),
    ("[web]\nport = 8000 ; mine\n", "config.ini [web] port: '8000 ; mine' is not a whole number from 1 to 65535"),
    ("[database]\nengine = postgres\n", "config.ini [database] engine: 'postgres' is not one of embedded, mysql"),
    ("[cache]\nbackend = memcached\n", "config.ini [cache] backend: 'memcached' is not one of filesystem, redis"),
    (
        "[dashboard]\ncurrency = euro\n",
        "config.ini [dashboard] currency: 'euro' is not a currency code of three capital letters, like USD",
    ),
    (
        "[dashboard]\nmargin_green = nan\n",
        "config.ini [dashboard] margin_green: 'nan' is not a percentage like 20 or 12.5",
    ),
    (
        "[dashboard]\nmargin_green = 1_0\n",
        "config.ini [dashboard] margin_green: '1_0' is not a percentage like 20 or 12.5",
    ),
    (
        "[web]\nsecret_key = short\n",
        "config.ini [web] secret_key: shorter than 32 bytes; remove it, and a safe one is made in its place",
    ),
]


@pytest.mark.parametrize(("text", "words"), REFUSALS)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path, text, words):
    assert refusal(tmp_path, text) == words


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    file = tmp_path / "config.ini"
    assert refusal(tmp_path, "[web]\n".encode("utf-16")) == f"{file}: byte 0 is not UTF-8; save the file as UTF-8"
    assert refusal(tmp_path, b"[database]\nuser = J\xf6rg\n") == f"{file}: byte 19 is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize("text", [
    "lego.example.com", "ftp://lego.example.com", "https://", "https://a b", "https://lego.example.com/path",
    "https://lego.example.com?x=1", "https://lego.example.com#x", "https://ann:pw@lego.example.com", "https://x:0",
    "https://-x", "javascript:alert(1)", "https://lego.example.com//",
])
def test_a_public_address_is_one_of_the_web_without_a_path(tmp_path, text):
    assert refusal(tmp_path, f"[web]\npublic_url = {text}\n") == (
        f"config.ini [web] public_url: {text!r} is not an address like https://lego.example.com, without a path"
    )


def test_a_public_address_has_no_slash_at_its_end(tmp_path):
    for text in ("https://lego.example.com", "http://10.0.0.5:8000", "https://[2001:db8::1]:8443", "http://lego"):
        assert load(tmp_path, f"[web]\npublic_url = {text}/\n").web.public_url == text
        assert load(tmp_path, f"[web]\npublic_url = {text}\n").web.public_url == text


def test_a_secret_key_of_32_bytes_is_enough(tmp_path):
    assert load(tmp_path, f"[web]\nsecret_key = {'k' * 32}\n").web.secret_key == "k" * 32


def test_no_refusal_repeats_a_secret(tmp_path):
    for line in ("[web]\nport hunter2\n", "[web]\nsecret_key = hunter2\n", "[database]\npassword = hunter2\n x\n"):
        assert "hunter2" not in refusal(tmp_path, line)


def test_overheads_are_shared_out_by_what_other_costs_are(tmp_path):
    costs = load(tmp_path, "[costs]\nspread = units\nspread_overheads = yes\n").costs
    assert (costs.spread, costs.spread_overheads) == ("units", "yes")
    assert refusal(tmp_path, "[costs]\nspread_overheads = yes\n") == (
        "config.ini [costs] spread_overheads: yes needs [costs] spread = revenue or units, by which overheads are "
        "shared out"
    )


MAIL = "[mail]\nhost = mail.example\nfrom = lego@example.com\nto = ann@example.com, bob@example.com\n"


def test_a_key_may_be_a_word_of_the_language_and_goes_on_to_other_processes(tmp_path):
    settings = load(tmp_path, MAIL)
    assert (settings.mail.from_, settings.mail.to) == ("lego@example.com", ("ann@example.com", "bob@example.com"))
    assert load_settings(tmp_path / "config.ini", as_environment(settings)).mail == settings.mail
    assert load(tmp_path, MAIL, LEGO_MAIL_FROM="other@example.com").mail.from_ == "other@example.com"


@pytest.mark.parametrize(("text", "words"), [
    ("[mail]\nhost = x\nto = a@b.de\n", "[mail] from: must name an address, because [mail] host is set"),
    ("[mail]\nhost = x\nfrom = a@b.de\n", "[mail] to: must name an address, because [mail] host is set"),
    ("[mail]\nto = a@b.de, bob\n", "config.ini [mail] to: 'bob' is not an address of e-mail like ops@example.com"),
    (MAIL + "user = ann\nsecurity = none\n",
     "config.ini [mail] security: none would send the password readable to mail.example; use starttls or tls"),
    ("[notices]\nwebhook = hooks.example/hunter2\n",
     "config.ini [notices] webhook: is not an address that begins with https://"),
])
def test_mail_and_webhooks_that_could_not_work_are_refused(tmp_path, text, words):
    assert refusal(tmp_path, text) == words


def test_settings_shown_by_accident_hold_no_secret(tmp_path):
    settings = load(
        tmp_path,
        f"[database]\npassword = hunter2\n[web]\nsecret_key = {'hunter2' * 5}\n[cache]\nurl = redis://:hunter2@host\n"
        "[mail]\npassword = hunter2\n[notices]\nwebhook = https://hooks.example/hunter2\n",
    )
    assert "hunter2" not in repr(settings)


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    store = open_store(load(tmp_path, f"[database]\npath = {tmp_path}/file/instance\n"))
    with pytest.raises(SetupError) as caught:
        migrations.upgrade(store)
    assert str(caught.value) == (
        f"[database] path {tmp_path}/file/instance: cannot be made (Not a directory); name a folder you may write to"
    )


def test_a_folder_that_cannot_be_written_is_refused_by_name(tmp_path):
    store = open_store(load(tmp_path, "[database]\npath = /proc/lego\n"))
    with pytest.raises(SetupError, match=r"^\[database\] path /proc/lego: cannot be made \(.+\); name a folder"):
        migrations.upgrade(store)


# --- secrets that everybody can read


def test_a_world_readable_file_with_a_password_warns(tmp_path):
    for text in (
        "[database]\npassword = x\n", f"[web]\nsecret_key = {'k' * 32}\n", "[cache]\nurl = redis://:x@host\n",
        "[mail]\npassword = x\n", "[notices]\nwebhook = https://hooks.example/x\n",
    ):
        load(tmp_path, text)
        file = tmp_path / "config.ini"
        file.chmod(0o644)
        assert load_settings(file, {}).warnings == (
            f"config.ini: holds a secret and every user of this machine can read it; run: chmod 600 {file}",
        )


def test_a_private_file_with_a_password_does_not_warn(tmp_path):
    assert load(tmp_path, "[database]\npassword = x\n").warnings == ()


def test_a_password_from_the_environment_does_not_make_the_file_a_danger(tmp_path):
    file = tmp_path / "config.ini"
    file.write_text("[database]\npassword =\n")
    file.chmod(0o644)
    assert load_settings(file, {"LEGO_DATABASE_PASSWORD": "x"}).warnings == ()


# --- through the command line


def test_a_command_says_a_warning_once_on_stderr(tmp_path):
    file = tmp_path / "own.ini"
    file.write_text(f"[database]\npath = {tmp_path}/instance\npassword = hunter2\n")
    file.chmod(0o644)
    ended = flask("init-db", LEGO_CONFIG=str(file))
    assert ended.returncode == 0
    assert ended.stderr == (
        f"warning: own.ini: holds a secret and every user of this machine can read it; run: chmod 600 {file}\n"
    )
    assert "warning" not in ended.stdout


def test_a_command_says_that_there_is_no_file(tmp_path):
    note = "config.ini: not there, every setting has its default"
    app = create_app(dataclasses.replace(embedded_settings(tmp_path), warnings=(note,)))
    ended = app.test_cli_runner().invoke(args=["init-db"])
    assert (ended.exit_code, ended.stderr) == (0, f"warning: {note}\n")


def test_a_command_with_wrong_settings_ends_with_one_line_and_2(tmp_path):
    ended = flask("init-db", LEGO_WEB_PORT="99999")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "Error: LEGO_WEB_PORT: '99999' is not a whole number from 1 to 65535\n"
