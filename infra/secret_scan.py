"""What the secret scan of `make check` knows beside the forms of others: the credentials that this service makes.

Loaded by detect-secrets, which makes a plugin of each detector here.
"""

import re

from detect_secrets.plugins.base import RegexBasedDetector

from chalicelib.rules.tokens import INVITATION_FORM, KEY_FORM, SESSION_FORM

FORMS = (KEY_FORM, SESSION_FORM, INVITATION_FORM)


class LoansTokenDetector(RegexBasedDetector):
    """Finds API keys and tokens of sessions, wherever they stand in a line."""

    secret_type = "Credentials of the loan service"  # noqa: S105  # pragma: allowlist secret - what a finding is called
    # Not the end of a longer name: `details_…` has the letters of a session's token.
    denylist = tuple(re.compile(rf"(?<![A-Za-z0-9_-]){form.pattern}") for form in FORMS)
