"""What `flask doctor` looks at: one module per topic, each a function from an examination to its findings.

What only one engine can know is asked of its `Health` (`database/engines/health.py`).
"""
