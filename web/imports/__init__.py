"""/imports: what was imported, and the way in."""
