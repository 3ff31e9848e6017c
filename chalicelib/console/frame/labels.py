"""What codes are called on the pages of more than one room."""

from collections.abc import Mapping

# The states of an import, each with the kind of its badge.
IMPORT_STATES: Mapping[str, tuple[str, str]] = {
    "awaiting_upload": ("Waiting for the file", "warn"),
    "running": ("Running", "busy"),
    "completed": ("Completed", "good"),
    "failed": ("Failed", "bad"),
}
