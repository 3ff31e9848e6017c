"""The wing of imports: a file's way into the database, and its report back."""
