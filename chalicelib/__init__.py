"""The loan decision service. docs/architecture.md says which room is for what, and who may import whom."""
