"""Amazon's marketplaces, which a new database begins with."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.ddl import Note

MARKETPLACES = (
    ("US", "United States", "USD"), ("CA", "Canada", "CAD"), ("MX", "Mexico", "MXN"), ("BR", "Brazil", "BRL"),
    ("UK", "United Kingdom", "GBP"), ("DE", "Germany", "EUR"), ("FR", "France", "EUR"), ("IT", "Italy", "EUR"),
    ("ES", "Spain", "EUR"), ("NL", "Netherlands", "EUR"), ("BE", "Belgium", "EUR"), ("IE", "Ireland", "EUR"),
    ("PL", "Poland", "PLN"), ("SE", "Sweden", "SEK"), ("TR", "Türkiye", "TRY"), ("AE", "United Arab Emirates", "AED"),
    ("SA", "Saudi Arabia", "SAR"), ("EG", "Egypt", "EGP"), ("IN", "India", "INR"), ("JP", "Japan", "JPY"),
    ("SG", "Singapore", "SGD"), ("AU", "Australia", "AUD"), ("ZA", "South Africa", "ZAR"),
)
"""Amazon's marketplaces: code, country, currency."""


def seed_marketplaces(connection: sa.Connection, note: Note) -> None:
    """Names Amazon's marketplaces in an empty `marketplace` table; a table with rows is the user's own."""
    table = schema.marketplace
    if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar():
        return
    rows = [
        {"code": code, "country_name": country, "currency": currency, "active": True}
        for code, country, currency in MARKETPLACES
    ]
    connection.execute(sa.insert(table), rows)
    note(f"named {len(rows)} marketplaces")
