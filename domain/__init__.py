"""Business words: metrics, months, selections, errors. Standard library only."""
