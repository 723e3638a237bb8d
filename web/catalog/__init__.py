"""/catalog: who stands where, and changing it."""
