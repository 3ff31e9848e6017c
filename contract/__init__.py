"""The contract for machines and people: OpenAPI made from the models that validate. Used while developing only."""
