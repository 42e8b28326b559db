"""A study: one declarative file in, a folder of results and a report out."""
