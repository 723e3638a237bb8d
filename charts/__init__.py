"""Rows -> figures, by shape of chart. A figure for plotly is a plain JSON value; a colour in it is the name
of a CSS token (`--chart-now`), which the page's script replaces with the theme's colour."""
