"""All pages of the console in one table: what each address does, who may, and the view that answers.

A view is named and not imported: the API starts in the same function and needs none of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.rules.access import Operation


@dataclass(frozen=True)
class Page:
    """What an address does, which says who may, and who answers: `module:function`, from chalicelib.console on.

    `path` starts with /console and ends without a slash.
    """

    method: str
    path: str
    operation: Operation
    view: str


def _pages(module: str, *rows: tuple[str, str, Operation, str]) -> Iterator[Page]:
    """The pages whose views stand in one module: method, path below /console/, operation and name of the view."""
    for method, path, operation, view in rows:
        yield Page(method, f"/console/{path}".rstrip("/"), operation, f"{module}:{view}")


_ALL = (
    *_pages(
        "home.views",
        ("GET", "", Operation.READ_APPLICATIONS, "view_home"),
    ),
    *_pages(
        "search.views",
        # It finds what its user may read, whatever that is.
        ("GET", "search", Operation.SEE_ONESELF, "view_results"),
    ),
    *_pages(
        "customers.listing",
        ("GET", "customers", Operation.READ_CUSTOMERS, "list_customers"),
    ),
    *_pages(
        "customers.views",
        ("GET", "customers/{customer_id}", Operation.READ_CUSTOMERS, "view_customer"),
    ),
    *_pages(
        "customers.registration",
        ("GET", "customers/new", Operation.REGISTER_CUSTOMER, "view_new_customer"),
        ("POST", "customers/new", Operation.REGISTER_CUSTOMER, "register_customer"),
    ),
    *_pages(
        "customers.correction",
        ("GET", "customers/{customer_id}/change", Operation.CHANGE_CUSTOMER, "view_change"),
        ("POST", "customers/{customer_id}/change", Operation.CHANGE_CUSTOMER, "change_customer"),
    ),
    *_pages(
        "customers.what_if",
        ("POST", "customers/{customer_id}/applications", Operation.CREATE_LOAN, "apply"),
    ),
    *_pages(
        "applications.listing",
        ("GET", "applications", Operation.READ_APPLICATIONS, "list_applications"),
    ),
    *_pages(
        "applications.views",
        ("GET", "applications/{application_id}", Operation.READ_APPLICATIONS, "view_application"),
    ),
    *_pages(
        "applications.letter",
        ("GET", "applications/{application_id}/letter", Operation.READ_APPLICATIONS, "view_letter"),
    ),
    *_pages(
        "key_facts.views",
        ("GET", "customers/{customer_id}/key-facts", Operation.ISSUE_KEY_FACTS, "view_new_key_facts"),
        ("POST", "customers/{customer_id}/key-facts", Operation.ISSUE_KEY_FACTS, "issue_key_facts"),
        ("GET", "key-facts/{number}", Operation.READ_APPLICATIONS, "view_key_facts"),
    ),
    *_pages(
        "loans.listing",
        ("GET", "loans", Operation.READ_LOANS, "list_loans"),
    ),
    *_pages(
        "loans.transactions",
        ("GET", "transactions", Operation.READ_LOANS, "list_transactions"),
    ),
    *_pages(
        "loans.loan",
        ("GET", "loans/{loan_id}", Operation.READ_LOANS, "view_loan"),
    ),
    *_pages(
        "loans.schedule",
        ("GET", "loans/{loan_id}/schedule", Operation.READ_LOANS, "view_schedule"),
    ),
    *_pages(
        "loans.recording",
        ("GET", "loans/{loan_id}/receipts", Operation.RECORD_RECEIPTS, "view_receipt"),
        ("POST", "loans/{loan_id}/receipts", Operation.RECORD_RECEIPTS, "record_receipt"),
        ("GET", "loans/{loan_id}/refunds", Operation.ADJUST_LOANS, "view_refund"),
        ("POST", "loans/{loan_id}/refunds", Operation.ADJUST_LOANS, "record_refund"),
        ("GET", "loans/{loan_id}/waivers", Operation.ADJUST_LOANS, "view_waiver"),
        ("POST", "loans/{loan_id}/waivers", Operation.ADJUST_LOANS, "record_waiver"),
        ("GET", "loans/{loan_id}/write-off", Operation.ADJUST_LOANS, "view_write_off"),
        ("POST", "loans/{loan_id}/write-off", Operation.ADJUST_LOANS, "record_write_off"),
        ("GET", "loans/{loan_id}/transactions/{number}/reversal", Operation.ADJUST_LOANS, "view_reversal"),
        ("POST", "loans/{loan_id}/transactions/{number}/reversal", Operation.ADJUST_LOANS, "record_reversal"),
    ),
    *_pages(
        "loans.opening",
        ("GET", "loans/{loan_id}/opening", Operation.ADJUST_LOANS, "view_opening"),
        ("POST", "loans/{loan_id}/opening", Operation.ADJUST_LOANS, "record_opening"),
        ("GET", "loans/openings", Operation.START_IMPORT, "download_openings"),
    ),
    *_pages(
        "loans.quotes",
        ("GET", "loans/{loan_id}/settlement", Operation.READ_LOANS, "view_settlement"),
        ("GET", "loans/{loan_id}/prepayment", Operation.READ_LOANS, "view_prepayment"),
    ),
    *_pages(
        "loans.statement",
        ("GET", "loans/{loan_id}/statement", Operation.READ_LOANS, "view_statement"),
    ),
    *_pages(
        "collections.views",
        ("GET", "collections", Operation.READ_DELINQUENCY, "view_collections"),
    ),
    *_pages(
        "imports.listing",
        ("GET", "imports", Operation.READ_IMPORTS, "list_imports"),
    ),
    *_pages(
        "imports.views",
        ("GET", "imports/new", Operation.START_IMPORT, "view_new_import"),
        ("POST", "imports/new", Operation.START_IMPORT, "start_import"),
        ("GET", "imports/template", Operation.READ_IMPORTS, "download_template"),
    ),
    *_pages(
        "imports.detail",
        ("GET", "imports/{import_id}", Operation.READ_IMPORTS, "view_import"),
        ("GET", "imports/{import_id}/progress", Operation.READ_IMPORTS, "view_progress"),
        ("POST", "imports/{import_id}/release", Operation.RELEASE_IMPORTS, "release"),
        ("POST", "imports/{import_id}/dismissal", Operation.START_IMPORT, "dismiss"),
        ("POST", "imports/{import_id}/restoral", Operation.START_IMPORT, "restore"),
        ("POST", "imports/{import_id}/import", Operation.START_IMPORT, "import_for_good"),
        ("GET", "imports/{import_id}/report", Operation.READ_IMPORTS, "download_report"),
    ),
    *_pages(
        "imports.changes",
        ("GET", "imports/{import_id}/changes", Operation.READ_IMPORTS, "view_changes"),
        ("GET", "imports/{import_id}/changes/csv", Operation.READ_IMPORTS, "download_changes"),
    ),
    *_pages(
        "imports.failed_files",
        ("GET", "imports/failed-files", Operation.REDRIVE_IMPORTS, "view_failed_files"),
        ("POST", "imports/failed-files", Operation.REDRIVE_IMPORTS, "try_again"),
    ),
    *_pages(
        "administration.views",
        ("GET", "administration", Operation.MANAGE_USERS, "view_administration"),
        ("GET", "policy", Operation.READ_POLICY, "view_policy"),
    ),
    *_pages(
        "administration.audit",
        ("GET", "administration/audit", Operation.READ_AUDIT, "view_audit"),
    ),
    *_pages(
        "administration.keys",
        ("GET", "administration/keys", Operation.MANAGE_KEYS, "view_keys"),
        ("GET", "administration/keys/new", Operation.MANAGE_KEYS, "view_new_key"),
        ("POST", "administration/keys/new", Operation.MANAGE_KEYS, "create_key"),
        ("GET", "administration/keys/{key_id}/revoke", Operation.MANAGE_KEYS, "confirm_revocation"),
        ("POST", "administration/keys/{key_id}/revoke", Operation.MANAGE_KEYS, "revoke_key"),
        ("GET", "administration/keys/{key_id}/rotate", Operation.MANAGE_KEYS, "confirm_rotation"),
        ("POST", "administration/keys/{key_id}/rotate", Operation.MANAGE_KEYS, "rotate_key"),
        ("GET", "administration/keys/{key_id}/issued", Operation.MANAGE_KEYS, "view_issued"),
    ),
    *_pages(
        "administration.users",
        ("GET", "administration/users", Operation.MANAGE_USERS, "view_users"),
        ("GET", "administration/users/new", Operation.MANAGE_USERS, "view_new_user"),
        ("POST", "administration/users/new", Operation.MANAGE_USERS, "create_user"),
        ("GET", "administration/users/{user_id}", Operation.MANAGE_USERS, "view_user"),
        ("POST", "administration/users/{user_id}", Operation.MANAGE_USERS, "change_user"),
        ("GET", "administration/users/{user_id}/disable", Operation.MANAGE_USERS, "confirm_disabling"),
        ("POST", "administration/users/{user_id}/disable", Operation.MANAGE_USERS, "disable_user"),
        ("POST", "administration/users/{user_id}/enable", Operation.MANAGE_USERS, "enable_user"),
        ("POST", "administration/users/{user_id}/sessions", Operation.MANAGE_USERS, "end_sessions"),
        ("POST", "administration/users/{user_id}/second-factor", Operation.MANAGE_USERS, "remove_second_factor"),
        ("GET", "administration/users/{user_id}/invitation", Operation.MANAGE_USERS, "view_invitation"),
        ("POST", "administration/users/{user_id}/invitation", Operation.MANAGE_USERS, "renew_invitation"),
    ),
    *_pages(
        "saved_views.views",
        ("GET", "views", Operation.SEE_ONESELF, "view_saved_views"),
        ("POST", "views", Operation.SEE_ONESELF, "save_view"),
        ("POST", "views/{view_id}", Operation.SEE_ONESELF, "rename_view"),
        ("POST", "views/{view_id}/delete", Operation.SEE_ONESELF, "delete_view"),
    ),
    *_pages(
        "account.views",
        ("GET", "account", Operation.SEE_ONESELF, "view_account"),
        ("POST", "account", Operation.SEE_ONESELF, "change_password"),
        ("POST", "account/sessions/{reference}", Operation.SEE_ONESELF, "end_session"),
    ),
    *_pages(
        "account.second_factor",
        ("GET", "account/second-factor", Operation.SEE_ONESELF, "view_second_factor"),
        ("POST", "account/second-factor", Operation.SEE_ONESELF, "set_up"),
        ("POST", "account/second-factor/remove", Operation.SEE_ONESELF, "remove"),
        ("GET", "account/recovery-codes", Operation.SEE_ONESELF, "view_recovery_codes"),
        ("POST", "account/recovery-codes", Operation.SEE_ONESELF, "renew_recovery_codes"),
    ),
    *_pages(
        "account.invitation",
        ("GET", "invitation/{token}", Operation.SIGN_IN, "view_invitation"),
        ("POST", "invitation/{token}", Operation.SIGN_IN, "accept"),
    ),
    *_pages(
        "account.sign_in",
        ("GET", "sign-in", Operation.SIGN_IN, "view_sign_in"),
        ("POST", "sign-in", Operation.SIGN_IN, "sign_in"),
        ("GET", "sign-in/code", Operation.SEE_ONESELF, "view_code"),
        ("POST", "sign-in/code", Operation.SEE_ONESELF, "send_code"),
        ("POST", "sign-out", Operation.SEE_ONESELF, "sign_out"),
    ),
    *_pages(
        "frame.static_files",
        ("GET", "static/{digest}/{name}", Operation.SIGN_IN, "view_static"),
    ),
    # Whatever is left below /console/.
    *_pages(
        "frame.dispatch",
        ("GET", "{proxy+}", Operation.SEE_ONESELF, "page_not_found"),
    ),
)
PAGES = {(page.method, page.path): page for page in _ALL}


def page_at(address: str) -> str | None:
    """The declared path of the page at an address from /console/ on; None if there is none."""
    path = f"/console/{address}".partition("?")[0].rstrip("/")
    fitting = [each for method, each in PAGES if method == "GET" and _pattern(each).fullmatch(path)]
    # As API Gateway does: the path that says most of it itself.
    return min(fitting, key=lambda each: ("proxy" in each, each.count("{")), default=None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]*\}", lambda found: ".+" if "+" in found[0] else "[^/]+", path))
