"""What we ask of the operating system: needs the standard library only, and knows nothing of figures."""
