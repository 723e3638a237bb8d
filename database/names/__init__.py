"""Joining two names of one thing, brand, category, metric, marketplace or product, and taking that back.

A join changes names, never a figure: facts keep their ids and their imports. It is written down as an import, so it
stands in the ledger and in `flask imports`, and `flask undo-import` undoes it.
"""
