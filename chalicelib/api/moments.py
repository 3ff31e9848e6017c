"""Points in time as answers have them: in the time zone of the lender's place of business."""

from datetime import datetime
from typing import overload

from chalicelib import runtime


@overload
def moment(at: datetime) -> datetime: ...
@overload
def moment(at: None) -> None: ...
@overload
def moment(at: datetime | None) -> datetime | None: ...
def moment(at: datetime | None) -> datetime | None:
    """The same moment with the offset of that place; None stays None."""
    return None if at is None else at.astimezone(runtime.settings().business_timezone)
