"""Room for what arrives: asked for before it is there, also for what does not say how large it is."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from domain.errors import LockBusy
from jobs import tasks
from settings import DatabaseSettings, Settings
from web.http import incoming
from web.http.incoming import FileRequest, end_receiving, receive

GIB = 1 << 30


@pytest.fixture
def settings(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a disk that has 4 GiB to give away, more or less."""
    monkeypatch.setattr(incoming, "SPARE_ROOM", shutil.disk_usage(tmp_path).free - 4 * GIB)
    return Settings(database=DatabaseSettings(path=tmp_path))


@pytest.fixture
def app_context(small_app):
    with small_app.app_context():
        yield
        end_receiving()


def request(*, length: int | None, largest: int) -> FileRequest:
    """Of so many bytes; None sends in chunks."""
    environ = {"wsgi.input": io.BytesIO(b""), "wsgi.input_terminated": True, "REQUEST_METHOD": "POST"}
    found = FileRequest(environ if length is None else environ | {"CONTENT_LENGTH": str(length)})
    found.max_content_length = largest
    return found


@pytest.mark.parametrize(("length", "largest"), [(8 * GIB, 9 * GIB), (None, 8 * GIB)], ids=["said", "in chunks"])
def test_what_the_disk_has_no_room_for_is_refused(settings, app_context, length, largest):
    with pytest.raises(Exception, match="413"):
        receive(request(length=length, largest=largest), settings)


@pytest.mark.parametrize(("length", "largest"), [(1 * GIB, 8 * GIB), (None, 1 * GIB)], ids=["said", "in chunks"])
def test_what_it_has_room_for_may_arrive(settings, app_context, length, largest):
    receive(request(length=length, largest=largest), settings)


def test_what_is_arriving_already_counts_and_ends_with_its_request(settings, small_app):
    sent = request(length=None, largest=3 * GIB)
    with small_app.app_context():
        receive(sent, settings)
        with small_app.app_context():
            with pytest.raises(Exception, match="413"):
                receive(sent, settings)
            end_receiving()
        end_receiving()
    with small_app.app_context():
        receive(sent, settings)
        end_receiving()


def test_a_third_sender_is_asked_to_wait(settings, small_app):
    sent = request(length=10, largest=GIB)
    with small_app.app_context():
        receive(sent, settings)
        with small_app.app_context():
            receive(sent, settings)
            with small_app.app_context(), pytest.raises(LockBusy):
                receive(sent, settings)
            end_receiving()
        end_receiving()


def test_what_a_dead_process_promised_goes_when_its_slot_is_taken(settings, app_context):
    (tasks.uploads_folder(settings) / "arriving-0").write_text(str(8 * GIB))
    receive(request(length=10, largest=GIB), settings)
    assert os.fstat(incoming.g.incoming_slot).st_size == len("10")
