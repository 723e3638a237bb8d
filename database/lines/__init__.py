"""Lines of Amazon's reports: kept as they stood, sorted by kind, and the facts that are derived from them."""
