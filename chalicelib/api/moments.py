"""Points in time as answers have them: in the time zone of the lender's place of business."""

from datetime import datetime

from chalicelib import runtime


def moment(at: datetime | None) -> str | None:
    """ISO 8601 with its offset; None stays None."""
    return None if at is None else at.astimezone(runtime.settings().business_timezone).isoformat()
