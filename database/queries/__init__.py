"""What pages ask: (connection, selection) -> frozen rows, one file per page. Only summaries and dimensions
are read, never facts. Money is Decimal; ratios are divided in Python, because the server would round them."""
