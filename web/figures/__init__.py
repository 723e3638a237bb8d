"""What pages with figures share, from the generation to the words of a single change."""
