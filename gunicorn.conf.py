"""How gunicorn serves the app. deploy_lego.sh starts it with the copy of this file in `.releases/current`; `gunicorn`
alone, from the repository's root, reads the one there.

SIGHUP reads it and config.ini again and replaces the workers without dropping a request; SIGTERM lets
requests finish for `graceful_timeout` seconds.
"""

import errno
import os
import runpy
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if (ROOT / ".releases" / "current").is_dir():
    # A server that was started before there were copies of the code goes on reading this file in the repository.
    ROOT = (ROOT / ".releases" / "current").resolve()
BOOT_FAILED = 3
OUT_OF_SPACE = 5


def _settings():
    """The settings, read without leaving a module of ours behind: workers inherit what this process has
    imported, and after an upgrade and a SIGHUP they would run today's settings.py under tomorrow's app.

    The key is looked at, too: workers that fail at once are one more than gunicorn expects, and it ends with
    a traceback."""
    before = set(sys.modules)
    sys.path.insert(0, str(ROOT))
    try:
        from domain.errors import LegoError
        from machine.ownership import refuse_strangers
        from settings import load_settings

        try:
            settings = load_settings()
            refuse_strangers(settings.database.path)
            runpy.run_path(str(ROOT / "web" / "http" / "secret_key.py"))["secret_key"](settings)
            return settings
        except LegoError as error:
            print(f"gunicorn: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
    finally:
        sys.path.remove(str(ROOT))
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in ("domain", "machine", "settings"):
                del sys.modules[name]


def _leave_other_code():
    """Takes the repository and earlier copies of it off the path on which workers look for modules, for what they
    want stands in `chdir`, and gunicorn adds that only where it is missing."""
    home = ROOT.parent.parent if ROOT.parent.name == ".releases" else ROOT
    found = {entry: Path(entry or ".").resolve() for entry in sys.path}
    sys.path[:] = [
        entry for entry in sys.path if found[entry] != home and found[entry].parent != home / ".releases"
    ]


def _private_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        print(f"gunicorn: [database] path {folder}: cannot be made ({error.strerror})", file=sys.stderr)
        sys.exit(2)
    return folder


def _check_room(pid_file: Path) -> None:
    """gunicorn writes its pid file before it calls anything of ours, and ends with a traceback where it cannot. A
    master that reads this file anew has written it, and must go on whatever the disk is like."""
    if pid_file.is_file() and pid_file.read_text(encoding="utf-8").strip() == str(os.getpid()):
        return
    probe = pid_file.with_name(f"{pid_file.name}.{os.getpid()}")
    try:
        probe.write_text(f"{os.getpid()}\n", encoding="utf-8")
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = "free some space, then start it again" if is_full else "check [database] path and its owner"
        print(f"gunicorn: {pid_file.parent}: nothing can be written ({error.strerror}); {cure}", file=sys.stderr)
        sys.exit(OUT_OF_SPACE if is_full else 2)
    finally:
        probe.unlink(missing_ok=True)


# The workers start in the repository's root, wherever gunicorn was called.
if os.environ.get("LEGO_CONFIG"):
    os.environ["LEGO_CONFIG"] = str(Path(os.environ["LEGO_CONFIG"]).absolute())

_leave_other_code()
_all = _settings()
_web = _all.web

wsgi_app = "flask_app:create_app()"
chdir = str(ROOT)
bind = f"[{_web.host}]:{_web.port}" if ":" in _web.host else f"{_web.host}:{_web.port}"
workers = _web.workers
threads = _web.threads
worker_class = "gthread"
# Each worker imports the app itself, so that a reload takes new code.
preload_app = False
pidfile = str(_private_folder(_all.database.path) / "gunicorn.pid")
_check_room(Path(pidfile))
# What it makes is its owner's alone. gunicorn's own setting `umask` is for sockets only.
os.umask(0o077)
# A worker's heartbeat; a slow request of one thread does not stop it.
timeout = 60
graceful_timeout = 30
keepalive = 5
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# The app answers a query string of 5,000 characters itself, with words; gunicorn would not.
limit_request_line = 8190
# Which proxies to believe is [web] trusted_proxies and nothing else.
forwarded_allow_ips = ""
# The app writes a line per request, with the user and its id.
accesslog = None
errorlog = "-"
loglevel = _all.log.level
if _all.log.format == "json":
    # What gunicorn itself says, in lines of the same form as the app's. Workers import the module anew.
    _JsonLines = runpy.run_path(str(ROOT / "domain" / "log_lines.py"))["JsonLines"]
    logconfig_dict = {
        "formatters": {"json": {"()": _JsonLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"handlers": []},
        "loggers": {"gunicorn.error": {"level": loglevel.upper(), "handlers": ["stderr"], "propagate": False}},
    }
control_socket_disable = True


def on_starting(server):
    """Names the folder of this master's counts, which its workers share, and removes those of masters that are gone.
    A trial beside the served app has its own."""
    folder = _all.database.path / "metrics"
    for found in folder.iterdir() if folder.is_dir() else ():
        if found.name == str(os.getpid()) or not Path(f"/proc/{found.name}").exists():
            shutil.rmtree(found, ignore_errors=True)
    _name_counts_folder()


def on_reload(server):
    """A master that was started before there were counts has named no folder yet."""
    _name_counts_folder()


def on_exit(server):
    """The counts end with the master."""
    shutil.rmtree(_all.database.path / "metrics" / str(os.getpid()), ignore_errors=True)


def child_exit(server, worker):
    """A worker that is gone uses no connections any more; what it counted stays. prometheus_client would do this,
    but workers must not inherit it from here."""
    for path in Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "/nowhere")).glob(f"gauge_live*_{worker.pid}.db"):
        path.unlink(missing_ok=True)


def _name_counts_folder():
    """Workers make it when they have something to write: a full disk keeps no app from starting."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_all.database.path / "metrics" / str(os.getpid()))


def when_ready(server):
    """Makes the pid file private, which gunicorn makes readable by all."""
    Path(server.cfg.pidfile).chmod(0o600)


def post_worker_init(worker):
    """Fails at the start, in one line, where the first request would otherwise fail."""
    from gunicorn import util

    from database.people import passwords
    from domain.errors import LegoError
    from web.http.secret_key import secret_key
    from web.serving import bare_answers, slow_senders, static_files, warm_up

    _do_not_name_the_server()
    util.write_error = bare_answers.write_bare_answer
    bare_answers.quote_nothing()
    app = worker.wsgi
    slow_senders.protect(worker, has_proxies=bool(_all.web.trusted_proxies))
    try:
        app.secret_key = secret_key(app.extensions["lego_store"].settings)
    except LegoError as error:
        worker.log.error("%s", error)
        sys.exit(BOOT_FAILED)
    passwords.share_places(_all.database.path)
    static_files.prepare(app)
    warm_up.start(app, once_warm=warm_up.keep_what_is_there)


def _do_not_name_the_server():
    """gunicorn puts its name into every answer, and has no setting for that."""
    from gunicorn.http.wsgi import Response

    default_headers = Response.default_headers
    Response.default_headers = lambda self: [
        line for line in default_headers(self) if not line.startswith("Server:")
    ]
