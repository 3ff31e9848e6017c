"""PostgreSQL: the tables, one module of queries per aggregate, and the one transaction they run in."""
