"""The application: `create_app` puts the parts together. `python3 flask_app.py` serves it on loopback."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.helpers import get_debug_flag

from domain.errors import SettingsError, SetupError
from machine.garbage import none_expected
from machine.ownership import refuse_strangers
from settings import ROOT, Settings, load_settings

try:
    with none_expected():
        import commands
        from database.store import open_store
except ModuleNotFoundError as missing:
    # After a git pull the code may want a package that the deployment has yet to install.
    if missing.name is None or list(ROOT.glob(f"{missing.name.partition('.')[0]}*")):
        raise
    failure = click.ClickException(
        f"the package {missing.name} is not installed, which this version needs; run: ./deploy_lego.sh"
    )
    failure.exit_code = SetupError.exit_code
    raise failure from None


def create_app(settings: Settings | None = None) -> Flask:
    """The app, from the given settings or from config.ini and the environment. A stranger to the instance folder gets
    none."""
    app = Flask(__name__, static_folder=None)
    if settings is None:
        settings = _load_settings()
    with none_expected():
        app.extensions[commands.EXTENSION] = open_store(settings)
        commands.register(app)
        if not commands.is_called():
            # A command shows no page: reading them all in would take longer than many a command.
            import web

            web.register(app, settings)
    return app


def _load_settings() -> Settings:
    try:
        if get_debug_flag():
            raise SettingsError("FLASK_DEBUG is set; its debugger runs anybody's code, so it cannot be on: unset it")
        settings = load_settings()
        refuse_strangers(settings.database.path)
        return settings
    except SetupError as error:
        # flask prints a traceback for any other exception here.
        failure = click.ClickException(str(error))
        failure.exit_code = error.exit_code
        raise failure from None


if __name__ == "__main__":
    try:
        app = create_app()
    except click.ClickException as failure:
        failure.show()
        sys.exit(failure.exit_code)
    app.run(host="127.0.0.1", port=app.extensions[commands.EXTENSION].settings.web.port)
