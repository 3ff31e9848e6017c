"""The short notices after something was done. A cookie names one of them, but never writes its own."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    "password-changed": "Your password is changed, and you are signed out everywhere. Sign in with the new password.",
    "session-ended": "Your session has ended. Sign in to go on.",
    "session-ended-form": "Your session has ended. Sign in, and the form comes back as you left it.",
    "form-kept": "You are signed in again. Here is what you typed: look at it, then send it.",
    "session-closed": "The session is ended.",
    "second-factor-set-up": "From now on you sign in with a code from your app.",
    "second-factor-removed": "You sign in without a second factor from now on.",
    "second-factor-taken": "The user signs in without a second factor until they set up another one.",
    "files-tried-again": "The files are being imported again. Their imports appear here in a moment.",
    "no-failed-files": "There were no failed files to try again.",
    "import-released": "The file is being imported again, with your permission. This page shows its progress.",
    "import-dismissed": "The import is dismissed. Home no longer lists it; you can undo this here.",
    "import-restored": "The import is back among those that need attention.",
    "dry-run-imported": "The file is being imported now. This page shows its progress.",
    "user-changed": "The change is saved.",
    "user-disabled": "The user is disabled and signed out everywhere.",
    "user-enabled": "The user can sign in again.",
    "sessions-ended": "The user is signed out everywhere.",
    "key-revoked": "The key is revoked and no longer works.",
    "customer-registered": "The customer is registered.",
    "customer-changed": "The change is saved. The history below shows it with your reason.",
    "registration-underway": "The customer is being registered and will appear in this list in a moment.",
    "application-approved": "The application is approved and the loan is created.",
    "application-refused": "The application is recorded as refused. No loan was created.",
    "receipt-recorded": "The receipt is recorded.",
    "refund-recorded": "The refund is recorded.",
    "waiver-recorded": "The waiver is recorded.",
    "write-off-recorded": "The loan is written off.",
    "reversal-recorded": "The transaction is reversed, as if it had never been recorded.",
    "opening-recorded": "The loan is serviced here from now on. Record its receipts on this page.",
    "recorded-before": "This reference was recorded before, with the same values. Nothing was recorded twice.",
    "transaction-underway": "The transaction is being recorded and will appear in the ledger in a moment.",
    "view-saved": "The view is saved.",
    "view-renamed": "The view is renamed.",
    "view-deleted": "The view is deleted.",
    "key-facts-underway": "The statement is being issued and will appear in the list below in a moment.",
    "application-underway": "The application is being decided and will appear in the list below in a moment.",
}

# What was done, but is no success; all others are.
KINDS: Mapping[str, str] = {
    "application-refused": "bad",
    "application-underway": "plain",
    "registration-underway": "plain",
    "transaction-underway": "plain",
    "recorded-before": "plain",
    "no-failed-files": "plain",
}
