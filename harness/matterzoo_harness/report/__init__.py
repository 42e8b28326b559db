"""From the results of a study to one page: figures, tables, words; nothing is fetched by it."""
