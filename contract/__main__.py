"""Writes the published contract: `make openapi`."""

import json

from chalicelib.api.contract import PUBLISHED
from contract.document import document
from contract.page import page


def generated() -> dict[str, str]:
    """The published files by name, as they should be now."""
    made = document()
    return {
        "openapi.json": json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n",
        "docs.html": page(made),
    }


if __name__ == "__main__":
    PUBLISHED.mkdir(exist_ok=True)
    for name, text in generated().items():
        (PUBLISHED / name).write_text(text, encoding="utf-8")
