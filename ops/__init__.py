"""What running the dashboard as a service needs around it."""
