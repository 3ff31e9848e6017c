"""From a file, .xlsx or .csv, to sheets of rows."""
