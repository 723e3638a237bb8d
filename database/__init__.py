"""The data floor: everything that speaks SQL. Knows no Flask and no plotly."""
