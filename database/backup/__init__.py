"""One file that holds a whole store, and its way back. docs/BACKUP.md describes the file."""
