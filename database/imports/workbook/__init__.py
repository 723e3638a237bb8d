"""Workbooks (.xlsx, .ods, .xls): a sheet becomes a CSV file, its lines the sheet's rows, in a process of its own."""
