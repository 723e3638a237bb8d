"""Old facts in files: moved out month by month, verified, and brought back exactly. docs/RETENTION.md tells more."""
