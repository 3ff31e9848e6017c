"""One module of queries an aggregate, the tables and their migrations."""
