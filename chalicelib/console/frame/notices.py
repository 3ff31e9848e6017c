"""The short notices after something was done. A cookie names one of them, but never writes its own."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    "password-changed": "Password changed. You are signed out everywhere; sign in with the new password.",
    "session-ended": "Your session has ended. Sign in to go on.",
    "session-ended-form": "Your session has ended. Sign in, and the form comes back as you left it.",
    "form-kept": "Here is what you typed: check it, then send it.",
    "session-closed": "Session ended.",
    "second-factor-set-up": "From now on you sign in with a code from your app.",
    "second-factor-removed": "Second factor removed. From now on you sign in with your password alone.",
    "second-factor-taken": "Second factor removed. They sign in with the password alone until they set one up.",
    "files-tried-again": "The files are being imported again. Their imports appear here in a moment.",
    "no-failed-files": "There were no failed files to try again.",
    "import-released": "The file is being imported again, with your permission. This page shows its progress.",
    "import-dismissed": "Import dismissed. Home no longer lists it; you can undo this here.",
    "import-restored": "The import is back among those that need attention.",
    "dry-run-imported": "The file is being imported now. This page shows its progress.",
    "user-changed": "Changes saved.",
    "user-disabled": "User disabled, and signed out everywhere.",
    "user-enabled": "The user can sign in again.",
    "sessions-ended": "The user is signed out everywhere.",
    "key-revoked": "Key revoked. It no longer works.",
    "customer-registered": "Customer registered.",
    "customer-changed": "Changes saved. The history below shows them with your reason.",
    "registration-underway": "The customer is being registered and will appear in this list in a moment.",
    "application-approved": "Application approved. The loan is created.",
    "application-refused": "Application recorded as refused. No loan was created.",
    "receipt-recorded": "Receipt recorded.",
    "refund-recorded": "Refund recorded.",
    "waiver-recorded": "Waiver recorded.",
    "write-off-recorded": "Loan written off.",
    "reversal-recorded": "Transaction reversed, as if it had never been recorded.",
    "opening-recorded": "The loan is serviced here from now on. Record its receipts on this page.",
    "recorded-before": "This reference was recorded before, with the same values. Nothing was recorded twice.",
    "transaction-underway": "The transaction is being recorded and will appear in the ledger in a moment.",
    "view-saved": "View saved.",
    "view-renamed": "View renamed.",
    "view-deleted": "View deleted.",
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
