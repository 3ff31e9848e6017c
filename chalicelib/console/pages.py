"""All pages of the console in one table: what each address does, who may, and the view that answers.

A view is named and not imported: the API starts in the same function and needs none of them.
"""

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


_ALL = (
    Page("GET", "/console", Operation.READ_APPLICATIONS, "home:view_home"),
    Page("GET", "/console/account", Operation.SEE_ONESELF, "account:view_account"),
    Page("POST", "/console/account", Operation.SEE_ONESELF, "account:change_password"),
    Page("GET", "/console/administration", Operation.MANAGE_USERS, "administration:view_administration"),
    Page("GET", "/console/administration/audit", Operation.READ_AUDIT, "audit:view_audit"),
    Page("GET", "/console/administration/keys", Operation.MANAGE_KEYS, "keys:view_keys"),
    Page("GET", "/console/administration/keys/new", Operation.MANAGE_KEYS, "keys:view_new_key"),
    Page("POST", "/console/administration/keys/new", Operation.MANAGE_KEYS, "keys:create_key"),
    Page("GET", "/console/administration/keys/{key_id}/revoke", Operation.MANAGE_KEYS, "keys:confirm_revocation"),
    Page("POST", "/console/administration/keys/{key_id}/revoke", Operation.MANAGE_KEYS, "keys:revoke_key"),
    Page("GET", "/console/administration/keys/{key_id}/rotate", Operation.MANAGE_KEYS, "keys:confirm_rotation"),
    Page("POST", "/console/administration/keys/{key_id}/rotate", Operation.MANAGE_KEYS, "keys:rotate_key"),
    Page("GET", "/console/administration/policy", Operation.MANAGE_USERS, "administration:view_policy"),
    Page("GET", "/console/administration/users", Operation.MANAGE_USERS, "users:view_users"),
    Page("GET", "/console/administration/users/new", Operation.MANAGE_USERS, "users:view_new_user"),
    Page("POST", "/console/administration/users/new", Operation.MANAGE_USERS, "users:create_user"),
    Page("GET", "/console/administration/users/{user_id}", Operation.MANAGE_USERS, "users:view_user"),
    Page("POST", "/console/administration/users/{user_id}", Operation.MANAGE_USERS, "users:change_user"),
    Page("POST", "/console/administration/users/{user_id}/disable", Operation.MANAGE_USERS, "users:disable_user"),
    Page("POST", "/console/administration/users/{user_id}/enable", Operation.MANAGE_USERS, "users:enable_user"),
    Page("POST", "/console/administration/users/{user_id}/password", Operation.MANAGE_USERS, "users:set_password"),
    Page("POST", "/console/administration/users/{user_id}/sessions", Operation.MANAGE_USERS, "users:end_sessions"),
    Page("GET", "/console/applications", Operation.READ_APPLICATIONS, "applications:list_applications"),
    Page("GET", "/console/applications/{application_id}", Operation.READ_APPLICATIONS, "applications:view_application"),
    Page("GET", "/console/customers", Operation.READ_CUSTOMERS, "customers:list_customers"),
    Page("GET", "/console/customers/new", Operation.REGISTER_CUSTOMER, "customer_forms:view_new_customer"),
    Page("POST", "/console/customers/new", Operation.REGISTER_CUSTOMER, "customer_forms:register_customer"),
    Page("GET", "/console/customers/{customer_id}", Operation.READ_CUSTOMERS, "customers:view_customer"),
    Page("POST", "/console/customers/{customer_id}/applications", Operation.CREATE_LOAN, "what_if:apply"),
    Page("GET", "/console/customers/{customer_id}/change", Operation.CHANGE_CUSTOMER, "customer_forms:view_change"),
    Page(
        "POST", "/console/customers/{customer_id}/change", Operation.CHANGE_CUSTOMER, "customer_forms:change_customer"
    ),
    Page("GET", "/console/imports", Operation.READ_IMPORTS, "imports:view_imports"),
    Page("GET", "/console/imports/dead-letters", Operation.REDRIVE_IMPORTS, "dead_letters:view_dead_letters"),
    Page("POST", "/console/imports/dead-letters", Operation.REDRIVE_IMPORTS, "dead_letters:redrive"),
    Page("GET", "/console/imports/new", Operation.START_IMPORT, "imports:view_new_import"),
    Page("POST", "/console/imports/new", Operation.START_IMPORT, "imports:start_import"),
    Page("GET", "/console/imports/template", Operation.READ_IMPORTS, "imports:download_template"),
    Page("GET", "/console/imports/{import_id}", Operation.READ_IMPORTS, "import_page:view_import"),
    Page("GET", "/console/imports/{import_id}/progress", Operation.READ_IMPORTS, "import_page:view_progress"),
    Page("POST", "/console/imports/{import_id}/release", Operation.RELEASE_IMPORTS, "import_page:release"),
    Page("GET", "/console/imports/{import_id}/report", Operation.READ_IMPORTS, "import_page:download_report"),
    Page("GET", "/console/loans", Operation.READ_LOANS, "loans:list_loans"),
    Page("GET", "/console/loans/{loan_id}", Operation.READ_LOANS, "loans:view_loan"),
    Page("GET", "/console/loans/{loan_id}/schedule", Operation.READ_LOANS, "loans:export_schedule"),
    Page("GET", "/console/sign-in", Operation.SIGN_IN, "sign_in:view_sign_in"),
    Page("POST", "/console/sign-in", Operation.SIGN_IN, "sign_in:sign_in"),
    Page("POST", "/console/sign-out", Operation.SEE_ONESELF, "sign_in:sign_out"),
    Page("GET", "/console/static/{digest}/{name}", Operation.SIGN_IN, "static_files:view_static"),
    # Whatever is left below /console/.
    Page("GET", "/console/{proxy+}", Operation.SEE_ONESELF, "page:nothing_here"),
)
PAGES = {(page.method, page.path): page for page in _ALL}
