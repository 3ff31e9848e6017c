"""One module of queries an aggregate, the tables and their migrations."""

# Whatever query breaks a constraint, the driver knows what it means.
import chalicelib.storage.constraints  # noqa: F401
