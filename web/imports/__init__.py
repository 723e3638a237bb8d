"""/imports: what was taken in, and the way in."""
