"""What a process pays once, and thousands of tests would pay again and again."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import util
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from database.people import passwords

HASHER = passwords._hasher
"""Hashes at the cost that people's passwords are hashed at."""


def pay_once(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Templates are compiled once for all apps, and kept in `folder`; statements once for all stores, each of which has
    engines of its own that would compile them anew; passwords are hashed at the least cost."""
    patch.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(str(folder))})
    patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    compiled = util.LRUCache(5000)
    patch.setattr(Engine, "_compiled_cache", property(lambda engine: compiled, lambda engine, own: None), raising=False)
    # The dialect is part of a statement's key: those of one kind of server write the same.
    patch.setattr(DefaultDialect, "__eq__", lambda one, other: _kind(one) == _kind(other))
    patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))


def _kind(dialect: object) -> tuple:
    return type(dialect), getattr(dialect, "paramstyle", None), getattr(dialect, "server_version_info", None)
