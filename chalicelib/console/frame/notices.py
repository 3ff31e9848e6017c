"""The short notices after something was done. A link can only choose one of them, never write its own."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    "password-changed": "Your password is changed and every session is ended. Sign in with the new one.",
    "redriven": "The messages are on their way back into the import queue; their imports appear here.",
    "nothing-to-redrive": "There was nothing to put back.",
    "import-released": "The file is imported once more, with your permission. What comes of it stands here.",
    "user-created": "The user is made and may sign in.",
    "user-changed": "The change is saved.",
    "user-disabled": "The user is disabled and signed out everywhere.",
    "user-enabled": "The user may sign in again.",
    "password-set": "The new password is set, and the user is signed out everywhere.",
    "sessions-ended": "The user is signed out everywhere.",
    "key-revoked": "The key is revoked; nobody gets in with it any more.",
    "customer-registered": "The customer is registered.",
    "customer-changed": "The change is saved, and the history below says why.",
    "registration-underway": "The customer is being registered, and will be in this list in a moment.",
    "application-approved": "The application is approved and the loan is made.",
    "application-refused": "The application is recorded as refused; no loan was made.",
    "application-underway": "The application is being decided, and will be in the list below in a moment.",
}
