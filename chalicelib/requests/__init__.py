"""How both doors read a request: JSON, fields, and where it comes from."""
