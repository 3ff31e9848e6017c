"""The tests of every level, and in `support` what they share."""

import pytest

# Else an assertion of a helper fails without saying what it found.
pytest.register_assert_rewrite("tests.support")
