"""From a figure to the lines it is made of, and what lines are that no rule knows."""
