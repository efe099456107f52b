"""APA 7 tables, one a module: `table(record)` gives the table, or None where there is nothing to show."""
