"""Exchange rates: what was told of them, by which file or person, and which months still need some."""
