"""Joining SKUs with products on `/catalog`: an SKU map made of the form, and imported like any other file, so
that it stands on `/imports` and can be undone there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import BinaryIO

from flask import Blueprint, flash, redirect, request
from werkzeug.wrappers import Response

from domain.listing import SKUS
from domain.people import ANALYST
from jobs.commands import run_command
from web.catalog import drafts
from web.catalog.page import address_of, asked_listing
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand

pages = Blueprint("catalog_skus", __name__)

SECONDS = 120
WAIT = 30
_ASIN = re.compile(r"[A-Z0-9]{10}", re.ASCII)


@pages.post("/catalog/skus")
@needs(ANALYST)
@needs_every_brand
def join() -> Response:
    """Joins each SKU beside which an ASIN was written, in all marketplaces."""
    listing = asked_listing([
        ("show", SKUS), *((word, request.form[word]) for word in ("search", "page") if word in request.form)
    ])
    back = address_of(listing.changed(page=listing.page))
    told = {
        sku: asin.strip().upper()
        for sku, asin in zip(request.form.getlist("sku"), request.form.getlist("asin"), strict=False) if asin.strip()
    }
    wrong = [asin for asin in told.values() if not _ASIN.fullmatch(asin)]
    if not told or wrong or not all(sku.isprintable() and 0 < len(sku) <= 100 for sku in told):
        return _back(back, f"{wrong[0][:20]} is no ASIN: ten letters and digits." if wrong else
                     "Write the ASIN beside at least one SKU.")
    called = f"{next(iter(told))} is {next(iter(told.values()))}" if len(told) == 1 else f"{len(told)} SKUs joined"
    draft = drafts.keep(
        current.settings(), lambda file: _write(file, told), owner=identity.person().id, called=called, back=back
    )
    path = drafts.path_of(current.settings(), draft)
    outcome = run_command(
        current.caller(), "import", str(path), "--format=sku-map", f"--called={called}",
        f"--by={identity.person().name}", f"--wait={WAIT}", seconds=SECONDS + WAIT,
    )
    drafts.drop(current.settings(), draft)
    if not outcome.is_done:
        return _back(back, f"{outcome.words[:1].upper()}{outcome.words[1:]} {' '.join(outcome.faults)}".strip())
    number = outcome.report[0]["import_id"]
    trail.record("SKUs joined", f"{called} (import {number})")
    words = f"{called} (import {number}, which can be undone). The figures follow with the next refresh."
    return _back(back, words, "done")


def _write(file: BinaryIO, told: Mapping[str, str]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(["sku", "asin"])
    rows.writerows(told.items())
    text.detach()


def _back(address: str, words: str, kind: str = "fault") -> Response:
    flash(words, kind)
    return redirect(address, 303)
