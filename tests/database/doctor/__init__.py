"""What the doctor finds, and what it leaves alone."""
