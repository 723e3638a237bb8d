"""The pages with figures, one file per page."""
