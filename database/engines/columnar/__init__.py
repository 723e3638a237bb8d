"""Facts on a MariaDB, generations in files: what changed is copied into a columnar file, and built from there."""
