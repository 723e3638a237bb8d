"""Work beside the web: commands that pages start, and how they go. Knows no request."""
