"""Notices: what happened (`events`), rules that may be crossed (`rules`), what is still to be delivered (`outbox`).

Sending them is no matter of a database: see `delivery/`.
"""
