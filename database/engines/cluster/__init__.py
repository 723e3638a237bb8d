"""A MariaDB Spider head with its data nodes: only what differs from one MariaDB."""
