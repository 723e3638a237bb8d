"""What every request passes, and what belongs to it."""
