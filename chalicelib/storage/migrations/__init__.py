"""Alembic's migrations, in the package so that they travel in the Lambda's zip."""
