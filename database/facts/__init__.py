"""What is known of facts beside themselves: the ledger of changed months, archived months."""
