"""DuckDB for facts and generations, SQLite for what the web writes."""
