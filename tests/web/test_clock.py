"""A machine whose clock was ahead, or behind, for a while: nobody stays locked out, nothing stays silent, and no figure
differs once it is right again."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.products import take_products
from database.imports.staging import ImportOptions
from database.journal.catalog_changes import tell_change, waiting_changes
from database.notices import outbox
from database.people import one_time_tokens, second_factor
from database.people.attempts import FAILURES, admit_attempt
from database.summaries.refresh import RefreshOptions, refresh
from domain.moments import utc_now
from jobs.background import _is_alive
from settings import NoticeSettings
from tests.clock import move_clock
from tests.database.notices.conftest import a_notice
from tests.facts import all_summary_rows
from tests.web.conftest import sign_in

YEAR, HOUR = datetime.timedelta(days=365), datetime.timedelta(hours=1)
MANY = datetime.timedelta(days=9000)

FACTS = "asin,brand,marketplace,metric,month,value\nB1,Alder,US,Net revenue,{month},{value}\n"
OVERHEADS = "name,amount,from,to\nRent,100.00,2024-01,2024-02\n"


def take_in(store: Store, folder: Path, text: str) -> None:
    (path := folder / "file.csv").write_text(text, encoding="utf-8")
    with store.lock("import"):
        import_file(store, path, ImportOptions())


def test_figures_are_those_of_a_right_clock_whenever_it_was_wrong(store, tmp_path):
    wrong_at = iter((-MANY, YEAR, -HOUR, MANY, -MANY, -YEAR))
    for text in (
        FACTS.format(month="2024-01", value="10.01"), OVERHEADS, FACTS.format(month="2024-02", value="7.00"),
        FACTS.format(month="2024-01", value="11.50"),
    ):
        take_in(store, tmp_path, text)
        with pytest.MonkeyPatch.context() as patch:
            move_clock(patch, next(wrong_at))
            refresh(store)
    refresh(store)
    rows = all_summary_rows(store)
    asin = schema.summary_asin.c
    with_values = sa.select(asin.metric, asin.month, asin.value).order_by(asin.metric, asin.month)
    found = store.read(lambda reading: reading.connection.execute(with_values).all())
    assert [(metric, month.month, value) for metric, month, value in found] == [
        ("Net revenue", 1, Decimal("11.50")), ("Net revenue", 2, Decimal("7.00")),
        ("Overheads", 1, Decimal("100.00")), ("Overheads", 2, Decimal("100.00")),
    ]
    refresh(store, RefreshOptions(full=True))
    assert all_summary_rows(store) == rows


def test_what_a_clock_that_was_ahead_has_written_locks_nobody_out_and_silences_nothing(store, add_person, tmp_path):
    add_person("anna")
    secret = pyotp.random_base32()
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.totp).values(
            user_id=1, secret=secret, created_at=utc_now(), confirmed_at=utc_now(), last_step=0,
        ))
    with pytest.MonkeyPatch.context() as patch:
        move_clock(patch, YEAR)
        assert [admit_attempt(store, "anna", "192.0.2.1").wait for _ in range(FAILURES)] == [None] * FAILURES
        assert 890 <= admit_attempt(store, "anna", "192.0.2.1").wait <= 900
        with store.application.begin() as connection:
            code = pyotp.TOTP(secret).generate_otp(second_factor.current_step())
            assert second_factor.accept(connection, 1, code) == second_factor.APP_CODE
            link = one_time_tokens.make_token(connection, 1, one_time_tokens.LINK)
            assert one_time_tokens.find_token(connection, link, one_time_tokens.LINK).name == "anna"
    # Right again: five attempts as ever, the code of now, and no link that works for a year.
    assert [admit_attempt(store, "anna", "192.0.2.1").wait for _ in range(FAILURES)] == [None] * FAILURES
    assert 890 <= admit_attempt(store, "anna", "192.0.2.1").wait <= 900
    with store.application.begin() as connection:
        code = pyotp.TOTP(secret).generate_otp(second_factor.current_step())
        assert second_factor.accept(connection, 1, code) == second_factor.APP_CODE
        assert second_factor.accept(connection, 1, code) is None
        assert one_time_tokens.find_token(connection, link, one_time_tokens.LINK) is None
    # Set back by less than some minutes, a code that was taken stays taken.
    with pytest.MonkeyPatch.context() as patch, store.application.begin() as connection:
        move_clock(patch, -datetime.timedelta(minutes=4))
        code = pyotp.TOTP(secret).generate_otp(second_factor.current_step())
        assert second_factor.accept(connection, 1, code) is None


def test_whoever_signed_in_while_the_clock_was_ahead_signs_in_again_once_it_is_right(client: FlaskClient, add_person):
    add_person("anna")
    with pytest.MonkeyPatch.context() as patch:
        move_clock(patch, HOUR)
        assert sign_in(client, "anna").status_code == 303
        assert client.get("/account").status_code == 200
    assert client.get("/account").status_code == 302
    assert sign_in(client, "anna").status_code == 303
    assert client.get("/account").status_code == 200
    with pytest.MonkeyPatch.context() as patch:
        move_clock(patch, MANY)
        assert client.get("/account").status_code == 302
    assert client.get("/account").status_code == 200


def test_a_notice_of_a_clock_that_was_ahead_is_due_as_soon_as_it_is_right(store):
    told = dataclasses.replace(
        store, settings=dataclasses.replace(store.settings, notices=NoticeSettings(webhook="http://127.0.0.1:9/")),
    )
    with pytest.MonkeyPatch.context() as patch:
        move_clock(patch, YEAR)
        (noted,) = outbox.write_down(told, [dataclasses.replace(a_notice(), noted_at=utc_now())])
    with store.application_reading.connect() as connection:
        (due,) = outbox.due(connection, "webhook", now=utc_now())
    assert due.notice.key == noted.key
    assert outbox.claim(store, due, now=utc_now())
    with store.application_reading.connect() as connection:
        assert outbox.due(connection, "webhook", now=utc_now()) == []
        assert len(outbox.due(connection, "webhook", now=utc_now() + outbox.FIRST_PAUSE)) == 1


def test_a_change_waits_for_a_refresh_though_one_ran_while_the_clock_was_ahead(store, tmp_path):
    take_in(store, tmp_path, FACTS.format(month="2024-01", value="10.01"))
    with pytest.MonkeyPatch.context() as patch:
        move_clock(patch, YEAR)
        refresh(store)
    take_in(store, tmp_path, FACTS.format(month="2024-01", value="10.02"))
    refresh(store)
    (path := tmp_path / "products.csv").write_text("asin,brand,category\nB1,Alder,Garden\n", encoding="utf-8")
    with store.lock("products"):
        report = take_products(store, path, dry_run=False)
    assert tell_change(store, report, user_name="anna", file_name=path.name) is None
    assert len(waiting_changes(store, store.live_generation())) == 1
    refresh(store)
    assert waiting_changes(store, store.live_generation()) == ()


def test_a_job_that_was_ordered_in_the_future_and_never_began_is_not_at_work():
    never = {"pid": None, "start": "", "ended": False, "steps": []}
    now = utc_now().replace(tzinfo=datetime.UTC).timestamp()
    assert [_is_alive(never, {"began": now + seconds}) for seconds in (0, 3600, -3600)] == [True, False, False]
