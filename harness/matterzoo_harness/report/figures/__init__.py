"""One file a figure: a function from the results to pictures, each with its numbers."""
