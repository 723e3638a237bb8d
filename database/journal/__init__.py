"""What is written down and told: runs, imports, changes, the audit trail, commands, slow statements."""
