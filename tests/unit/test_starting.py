"""What makes a process start sooner changes nothing but when."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from chalicelib.starting import import_when_used
import_when_used("scramp")
import pg8000.core
assert "asn1crypto" not in sys.modules
{use}
assert "asn1crypto" in sys.modules
import scramp
assert scramp.ScramClient is pg8000.core.scramp.ScramClient
"""


@pytest.mark.parametrize("use", ["pg8000.core.scramp.ScramClient", "from scramp import ScramClient"])
def test_a_module_is_imported_when_it_is_first_used(use: str) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM.format(use=use)], check=True)
