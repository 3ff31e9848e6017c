"""What codes are called on the pages of more than one room."""

from collections.abc import Mapping

from chalicelib.rules.importing import ImportState

# The states of an import, each with the kind of its badge.
IMPORT_STATES: Mapping[ImportState, tuple[str, str]] = {
    ImportState.AWAITING_UPLOAD: ("Waiting for the file", "warn"),
    ImportState.RUNNING: ("Running", "busy"),
    ImportState.COMPLETED: ("Completed", "good"),
    ImportState.FAILED: ("Failed", "bad"),
}
