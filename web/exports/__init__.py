"""The same rows for programs and spreadsheets: CSV, Excel, /api/v1."""
