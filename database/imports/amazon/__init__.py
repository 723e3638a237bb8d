"""Amazon's own reports, as Seller Central gives them."""
