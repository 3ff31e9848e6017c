"""The report of an import: the file again, with what became of each row."""
