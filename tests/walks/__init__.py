"""Walks of the four people through a real browser, which answer ten questions from the pages alone."""
