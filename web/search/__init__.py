"""What is found by typing: pages, periods, brands, categories, products, actions."""
