"""Who may sign in: users, their sessions, tokens, passwords and second factors."""
