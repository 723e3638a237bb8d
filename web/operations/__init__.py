"""/operations: whether the nights go well, and refreshes that are asked for."""
