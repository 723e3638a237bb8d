"""flask change-user: another role, other brands, sessions ended, a lost second factor switched off."""

from __future__ import annotations

import difflib

import click

from commands import current_store, lego_command, who_runs_this
from database.engines.ports import Store
from database.journal import audit
from database.people import second_factor, users
from database.queries.brand_names import brand_names
from domain.errors import SetupError
from domain.people import ROLES, name_from


@lego_command("change-user")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What they may do from now on.")
@click.option("--brand", "brands", multiple=True, metavar="BRAND", help="Limit them to this brand; may be repeated.")
@click.option("--every-brand", is_flag=True, help="Lift the limit.")
@click.option("--no-brand", is_flag=True, help="Limit them to nothing.")
@click.option("--end-sessions", is_flag=True, help="Sign them out everywhere; open links and API tokens end, too.")
@click.option("--reset-totp", is_flag=True, help="Switch their second factor off: phone and codes are lost.")
def command(name, role, brands, every_brand, no_brand, end_sessions, reset_totp) -> None:
    """Change what user NAME may do and see; it holds for their next request."""
    if bool(brands) + every_brand + no_brand > 1:
        raise SetupError("--brand, --every-brand and --no-brand exclude each other; give one of them")
    store, stored_name = current_store(), name_from(name)
    chosen = brand_ids(store, brands)
    done = []
    with store.application.begin() as connection:
        user = users.find_user(connection, stored_name)
        if user is None:
            raise SetupError(f"there is no user {audit.escaped(stored_name)}; flask users lists them")
        if every_brand or no_brand or brands:
            users.limit_user(connection, stored_name, None if every_brand else chosen)
            done.append(("brands limited", "every brand" if every_brand else ", ".join(brands) or "no brand"))
        if role:
            users.change_role(connection, stored_name, role)
            done.append(("role changed", f"{user.role} -> {role}"))
        if end_sessions:
            done.append(("sessions ended", users.end_access(connection, user.id)))
        if reset_totp:
            second_factor.switch_off(connection, user.id)
            done.append(("second factor reset", "off"))
        for action, detail in done:
            audit.record(connection, action, user_name=who_runs_this(), detail=f"{stored_name}: {detail}")
    for action, detail in done or [("nothing changed", "give --role, --brand, --end-sessions or --reset-totp")]:
        click.echo(f"{stored_name}: {action}: {detail}")


def brand_ids(store: Store, names: tuple[str, ...]) -> frozenset[int]:
    """The ids of brands, by their names as the pages write them. Raises SetupError on one that is not there,
    naming the nearest."""
    if not names:
        return frozenset()
    ids = {name: number for number, name in store.read(lambda reading: brand_names(reading.connection)).items()}
    for name in names:
        if name not in ids:
            near = difflib.get_close_matches(name, ids, 1)
            hint = f"the nearest is {near[0]!r}" if near else "the page /catalog lists them"
            raise SetupError(f"there is no brand {audit.escaped(name)!r}; {hint}")
    return frozenset(ids[name] for name in names)
