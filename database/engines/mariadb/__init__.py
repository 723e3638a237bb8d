"""MariaDB: everything in one schema."""
