"""Files -> facts: one module per input format, `batch` for what all of them share."""
