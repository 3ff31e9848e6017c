"""reportlab without Pillow, which it imports for pictures that no paper has (docs/decisions/paper.md)."""

import sys
from importlib.util import find_spec
from types import ModuleType


def do_without_pictures() -> None:
    """Lets `from PIL import Image` find an empty module if Pillow is not installed. Call it before reportlab."""
    # The empty module of an earlier call has no spec, for which find_spec would fail.
    if sys.modules.get("PIL") is None and find_spec("PIL") is None:
        pillow, image = ModuleType("PIL"), ModuleType("PIL.Image")
        pillow.Image = image  # type: ignore[attr-defined]
        sys.modules |= {"PIL": pillow, "PIL.Image": image}
