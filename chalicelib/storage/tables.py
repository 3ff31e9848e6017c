"""The schema as SQLAlchemy Core tables, but for those of imports (import_tables.py), which a function that answers
requests does without. A test holds the schema equal to what the migrations make.

Every constraint has a name, because constraints.py says by it what a client is told.
Money is NUMERIC in rupees, rates are percent a year, tenures are months.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.rules import bounds
from chalicelib.rules.access import MACHINES, PEOPLE, PasswordState
from chalicelib.rules.bounds import Range
from chalicelib.rules.servicing.position import FOLD_REVISION
from chalicelib.rules.servicing.standing import Status
from chalicelib.rules.servicing.values import Effect, Intent, Kind

metadata = MetaData()

MONEY = Numeric(16, bounds.AMOUNT_DECIMALS)
RATE = Numeric(7, bounds.RATE_DECIMALS)

# Whether other rules than today's made a position (loan_positions).
IS_OUTDATED = f"fold_revision < {FOLD_REVISION}"

# So many of the last digits of a phone number find it.
PHONE_ENDING = 4


def now(name: str) -> Column[object]:
    """A column with the moment at which its row was written."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def moment(name: str, *, nullable: bool = True) -> Column[object]:
    """A column with a moment; NULL until it has come."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def actor() -> tuple[Column[Any], ...]:
    """The columns of who answers for a row: a key, a user, an import, an operator at the command line, the bootstrap,
    anyone.
    """
    return (
        Column("actor_kind", Text, nullable=False),
        Column("actor_id", BigInteger),
        Column("actor_name", Text, nullable=False),
    )


def loan_of_workbook() -> tuple[Column[Any], ...]:
    """The columns of what a workbook says of a loan."""
    return (
        Column("customer_id", BigInteger, nullable=False),
        Column("source_loan_id", BigInteger, nullable=False),
        Column("loan_amount", MONEY, nullable=False),
        Column("tenure", SmallInteger, nullable=False),
        Column("interest_rate", RATE, nullable=False),
        Column("monthly_installment", MONEY, nullable=False),
        Column("emis_paid_on_time", SmallInteger, nullable=False),
        Column("start_date", Date, nullable=False),
        Column("end_date", Date),
    )


def _within(table: str, column: str, values: Range) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {values.least} AND {values.most}", name=f"{table}_{column}_range")


def known(table: str, column: str, words: Iterable[str]) -> CheckConstraint:
    """Holds a column to words that are known."""
    return CheckConstraint(f"{column} IN {listed(words)}", name=f"{table}_{column}_known")


def listed(words: Iterable[str]) -> str:
    """Words as SQL has them behind IN."""
    quoted = [f"'{word}'" for word in words]
    return f"({', '.join(quoted)})"


customers = Table(
    "customers",
    metadata,
    Column("customer_id", BigInteger, Identity(always=False), nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    # The age that was given, where no date of birth is known: that one counts, also beside an age that the release
    # before wrote.
    Column("age", SmallInteger),
    Column("phone_number", Text, nullable=False),
    Column("monthly_income", MONEY, nullable=False),
    Column("approved_limit", MONEY, nullable=False),
    Column("date_of_birth", Date),
    now("created_at"),
    now("updated_at"),
    # Whether a workbook brought the customer. Who was registered here is changed by those only who may do so by hand.
    Column("from_workbook", Boolean, nullable=False, server_default="false"),
    PrimaryKeyConstraint("customer_id", name="customers_pkey"),
    CheckConstraint("customer_id > 0", name="customers_customer_id_positive"),
    CheckConstraint("first_name <> ''", name="customers_first_name_given"),
    _within("customers", "age", bounds.AGE),
    CheckConstraint("age IS NOT NULL OR date_of_birth IS NOT NULL", name="customers_age_or_date_of_birth"),
    CheckConstraint(f"date_of_birth >= '{bounds.FIRST_BIRTH}'", name="customers_date_of_birth_range"),
    CheckConstraint(f"phone_number ~ '^[0-9]{{{bounds.PHONE_DIGITS}}}$'", name="customers_phone_number_ten_digits"),
    CheckConstraint("monthly_income > 0", name="customers_monthly_income_positive"),
    CheckConstraint("approved_limit >= 0", name="customers_approved_limit_not_negative"),
    # A search is for how the words of a name begin, in any spelling (migration 0008 has the functions), and for how
    # a phone number begins or ends. LIKE 'x%' needs the pattern operators.
    Index(
        "customers_words_idx",
        literal_column("array_to_tsvector(search_words((first_name || ' ') || last_name))").label("words"),
        postgresql_using="gin",
    ),
    # Who may be the same person (storage/alike.py).
    Index(
        "customers_same_person_idx",
        literal_column("array_to_tsvector(search_words((first_name || ' ') || last_name))").label("same_words"),
        "age",
    ),
    Index("customers_phone_ending_idx", literal_column(f'"right"(phone_number, {PHONE_ENDING})').label("ending")),
    Index(
        "customers_full_name_idx",
        literal_column("lower((first_name || ' ') || last_name)").label("full_name"),
        postgresql_ops={"full_name": "text_pattern_ops"},
    ),
    Index("customers_phone_number_idx", "phone_number", postgresql_ops={"phone_number": "text_pattern_ops"}),
)

loans = Table(
    "loans",
    metadata,
    Column("loan_id", BigInteger, Identity(always=False), nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("loan_amount", MONEY, nullable=False),
    Column("tenure", SmallInteger, nullable=False),
    Column("interest_rate", RATE, nullable=False),
    Column("monthly_installment", MONEY, nullable=False),
    Column("emis_paid_on_time", SmallInteger, nullable=False, server_default="0"),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date),
    # Whether it is serviced here and not over, as its position says: then it is current whatever the day.
    Column("is_open", Boolean, nullable=False, server_default="false"),
    # The number in the workbook the loan came from; NULL for a loan that was made here.
    Column("source_loan_id", BigInteger),
    now("created_at"),
    now("updated_at"),
    # Who made it, or the import that brought it (user:3, key:12, import:5); NULL where that is not known.
    Column("created_by", Text),
    PrimaryKeyConstraint("loan_id", name="loans_pkey"),
    ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="loans_customer_fkey"),
    # What makes a row of a workbook the same loan as last time. Its NULLs are distinct, so loans made here are free. It
    # has the facts of a decision and the list of a customer's loans, which both come from the index alone.
    UniqueConstraint(
        "customer_id",
        "source_loan_id",
        name="loans_customer_source_loan_key",
        postgresql_include=[
            "loan_id",
            "loan_amount",
            "tenure",
            "interest_rate",
            "monthly_installment",
            "emis_paid_on_time",
            "end_date",
            "is_open",
        ],
    ),
    CheckConstraint("loan_id > 0", name="loans_loan_id_positive"),
    CheckConstraint("loan_amount > 0", name="loans_loan_amount_positive"),
    _within("loans", "tenure", bounds.TENURE),
    _within("loans", "interest_rate", bounds.RATE),
    CheckConstraint("monthly_installment >= 0", name="loans_monthly_installment_not_negative"),
    CheckConstraint("emis_paid_on_time >= 0", name="loans_emis_paid_on_time_not_negative"),
    CheckConstraint("end_date >= start_date", name="loans_end_not_before_start"),
    # Lists of those that are current or have ended, by number: open ones, and of the others those that end later.
    Index("loans_open_idx", "is_open", "loan_id"),
    Index("loans_end_idx", "end_date", "loan_id", postgresql_where=literal_column("NOT is_open")),
    # What the list of loans is sorted and filtered by, each with the number that orders equal ones.
    Index("loans_start_idx", "start_date", "loan_id"),
    # Of those that were made here: a workbook brings a million at once, and most loans of most books came with one.
    Index(
        "loans_created_by_idx",
        "created_by",
        "loan_id",
        postgresql_ops={"created_by": "text_pattern_ops"},
        postgresql_where=literal_column("source_loan_id IS NULL"),
    ),
)

loan_applications = Table(
    "loan_applications",
    metadata,
    Column("application_id", BigInteger, Identity(always=True), nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("loan_amount", MONEY, nullable=False),
    Column("interest_rate", RATE, nullable=False),
    Column("tenure", SmallInteger, nullable=False),
    Column("decided_on", Date, nullable=False),
    # Every value of the policy and every fact, so that it can be decided again; then what was decided and said.
    Column("policy", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("score", SmallInteger, nullable=False),
    Column("score_parts", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("rate_floor", RATE),
    Column("corrected_interest_rate", RATE, nullable=False),
    Column("monthly_installment", MONEY, nullable=False),
    Column("loan_id", BigInteger),
    now("created_at"),
    # Who applied, as with loans.
    Column("created_by", Text),
    # What lists ask of the two above, which are large. Migration 0015 has the function.
    Column("policy_name", Text, Computed("policy ->> 'name'", persisted=True)),
    Column("reason_codes", ARRAY(Text), Computed("reason_codes(reasons)", persisted=True)),
    PrimaryKeyConstraint("application_id", name="loan_applications_pkey"),
    ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="loan_applications_customer_fkey"),
    ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_applications_loan_fkey"),
    UniqueConstraint("loan_id", name="loan_applications_loan_key"),
    CheckConstraint("approved = (loan_id IS NOT NULL)", name="loan_applications_loan_if_approved"),
    _within("loan_applications", "score", bounds.SCORE),
    Index("loan_applications_customer_idx", "customer_id", "application_id"),
    Index("loan_applications_outcome_idx", "approved", "application_id"),
    # Which policies there were.
    Index("loan_applications_policy_idx", "policy_name", "application_id"),
    # All that it is filtered by, for filters that leave little of much: a tenth of the table, or some days of it.
    Index(
        "loan_applications_listed_idx",
        "decided_on",
        "application_id",
        postgresql_include=[
            "customer_id",
            "approved",
            "score",
            "loan_amount",
            "policy_name",
            "reason_codes",
            "created_by",
        ],
    ),
)

# What was counted of a large book, for the pages that show it (services/statistics.py).
counted_books = Table(
    "counted_books",
    metadata,
    Column("name", Text, nullable=False),
    moment("counted_at", nullable=False),
    Column("counted", JSONB, nullable=False),
    PrimaryKeyConstraint("name", name="counted_books_pkey"),
)

# The answers to writes that carried an Idempotency-Key, as the JSON text that was sent.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("route", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    now("created_at"),
    PrimaryKeyConstraint("route", "key", name="idempotency_keys_pkey"),
    Index("idempotency_keys_created_idx", "created_at"),
)

# Loans of workbooks whose customer is not here yet. Their number is kept for them from the first sight on,
# so that the order of arrival does not change which loan keeps a number that two of them claim.
waiting_loans = Table(
    "waiting_loans",
    metadata,
    Column("loan_id", BigInteger, nullable=False),
    *loan_of_workbook(),
    Column("import_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("customer_id", "source_loan_id", name="waiting_loans_pkey"),
    UniqueConstraint("loan_id", name="waiting_loans_loan_key"),
    ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="waiting_loans_import_fkey"),
)


# The keys of machines. The hash is SHA-256 of the whole token (docs/decisions/access.md); the token itself is nowhere.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", BigInteger, Identity(always=True), nullable=False),
    # The part of the token that lists show, and by which it is looked up.
    Column("public_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    # The only customer the key may see; NULL limits nothing.
    Column("customer_id", BigInteger),
    now("created_at"),
    Column("created_by", Text, nullable=False),
    moment("expires_at"),
    moment("last_used_at"),
    moment("rotated_at"),
    moment("revoked_at"),
    # What a writer has if it was given it when it was made.
    Column("may_change_terms", Boolean, server_default="false", nullable=False),
    PrimaryKeyConstraint("key_id", name="api_keys_pkey"),
    UniqueConstraint("public_id", name="api_keys_public_id_key"),
    ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="api_keys_customer_fkey"),
    known("api_keys", "role", MACHINES),
    CheckConstraint("octet_length(secret_hash) = 32", name="api_keys_secret_hash_length"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", BigInteger, Identity(always=True), nullable=False),
    Column("login", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    # Argon2id, with its parameters and salt.
    Column("password_hash", Text, nullable=False),
    now("created_at"),
    now("password_changed_at"),
    moment("disabled_at"),
    # For people to read; nothing is sent to it.
    Column("email", Text),
    # Who chose the password (rules/access.py).
    Column("password_state", Text, server_default="own", nullable=False),
    # SHA-256 of the link with which the user chooses a password; NULL once it was used.
    Column("link_hash", LargeBinary),
    moment("link_expires_at"),
    # The second factor: its secret in Base32, since when it is asked for, and the time step of the last accepted code.
    Column("totp_secret", Text),
    moment("totp_since"),
    Column("totp_step", BigInteger),
    PrimaryKeyConstraint("user_id", name="users_pkey"),
    UniqueConstraint("login", name="users_login_key"),
    UniqueConstraint("link_hash", name="users_link_hash_key"),
    CheckConstraint("login = lower(login)", name="users_login_lower_case"),
    CheckConstraint("(link_hash IS NULL) = (link_expires_at IS NULL)", name="users_link_expires"),
    CheckConstraint(
        "(totp_secret IS NULL) = (totp_since IS NULL) AND (totp_secret IS NULL) = (totp_step IS NULL)",
        name="users_totp_whole",
    ),
    known("users", "role", PEOPLE),
    known("users", "password_state", PasswordState),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    now("created_at"),
    now("last_seen_at"),
    moment("expires_at", nullable=False),
    moment("ended_at"),
    # Where it was opened from, as the gateway saw it.
    Column("address", Text, nullable=False),
    # Opened by the password alone, to type the code of the second factor.
    Column("awaits_code", Boolean, server_default="false", nullable=False),
    PrimaryKeyConstraint("token_hash", name="sessions_pkey"),
    ForeignKeyConstraint(["user_id"], ["users.user_id"], name="sessions_user_fkey"),
    CheckConstraint("octet_length(token_hash) = 32", name="sessions_token_hash_length"),
    Index("sessions_user_idx", "user_id"),
    Index("sessions_expires_idx", "expires_at"),
)

# The addresses of lists that people gave a name: `query` is what stands behind the question mark.
saved_views = Table(
    "saved_views",
    metadata,
    Column("view_id", BigInteger, Identity(always=True), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("list", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    now("created_at"),
    PrimaryKeyConstraint("view_id", name="saved_views_pkey"),
    ForeignKeyConstraint(["user_id"], ["users.user_id"], name="saved_views_user_fkey"),
    UniqueConstraint("user_id", "list", "name", name="saved_views_name_key"),
)

# Each signs a user in once instead of a code of the second factor.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_hash", LargeBinary, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    now("created_at"),
    moment("used_at"),
    PrimaryKeyConstraint("user_id", "code_hash", name="recovery_codes_pkey"),
    ForeignKeyConstraint(["user_id"], ["users.user_id"], name="recovery_codes_user_fkey"),
    CheckConstraint("octet_length(code_hash) = 32", name="recovery_codes_code_hash_length"),
)

# Failed sign-ins in a row: of a login ('login:asha') and from an address ('address:203.0.113.7').
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    now("last_failed_at"),
    moment("blocked_until"),
    PrimaryKeyConstraint("subject", name="sign_in_failures_pkey"),
)

# Who changed what. A trigger refuses UPDATE, DELETE and TRUNCATE, for every role. No foreign keys: the log outlives
# what it tells of.
audit_log = Table(
    "audit_log",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), nullable=False),
    now("at"),
    *actor(),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text),
    Column("before", JSONB),
    Column("after", JSONB),
    # NULL where an import did it.
    Column("request_id", Text),
    PrimaryKeyConstraint("audit_id", name="audit_log_pkey"),
    Index("audit_log_subject_idx", "subject_kind", "subject_id", "audit_id"),
    Index("audit_log_actor_idx", "actor_kind", "actor_id", "audit_id"),
    Index("audit_log_action_idx", "action", "audit_id"),
    # Rows come in the order of time, so this index is a few pages however long the log is.
    Index("audit_log_at_idx", "at", postgresql_using="brin"),
)

# What happened to a loan, and all that it owes follows from: its facts, numbered in the order of recording. A trigger
# refuses UPDATE, DELETE and TRUNCATE, for every role.
loan_transactions = Table(
    "loan_transactions",
    metadata,
    Column("loan_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    # Of an opening the principal outstanding, of a reversal what was reversed.
    Column("amount", MONEY, nullable=False),
    Column("value_date", Date, nullable=False),
    Column("intent", Text),
    Column("effect", Text),
    # What the outside world knows it by. The same reference is the same transaction, whatever loan it is given for.
    Column("reference", Text),
    Column("channel", Text),
    Column("reverses", Integer),
    Column("opening", JSONB),
    Column("reason", Text),
    *actor(),
    # NULL where an import recorded it.
    Column("request_id", Text),
    Column("import_id", BigInteger),
    now("recorded_at"),
    # By which a list of the transactions of all loans goes on from page to page.
    Column("transaction_id", BigInteger, Identity(), nullable=False),
    PrimaryKeyConstraint("loan_id", "number", name="loan_transactions_pkey"),
    UniqueConstraint("transaction_id", name="loan_transactions_transaction_key"),
    ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_transactions_loan_fkey"),
    ForeignKeyConstraint(
        ["loan_id", "reverses"],
        ["loan_transactions.loan_id", "loan_transactions.number"],
        name="loan_transactions_reverses_fkey",
    ),
    CheckConstraint("number > 0", name="loan_transactions_number_positive"),
    CheckConstraint("amount > 0", name="loan_transactions_amount_positive"),
    known("loan_transactions", "kind", Kind),
    known("loan_transactions", "intent", Intent),
    known("loan_transactions", "effect", Effect),
    CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name="loan_transactions_reverses_if_reversal"),
    CheckConstraint("(kind = 'opening') = (opening IS NOT NULL)", name="loan_transactions_opening_if_opening"),
    Index(
        "loan_transactions_reference_key",
        "reference",
        unique=True,
        postgresql_where=literal_column("reference IS NOT NULL"),
    ),
    Index(
        "loan_transactions_reverses_key",
        "loan_id",
        "reverses",
        unique=True,
        postgresql_where=literal_column("reverses IS NOT NULL"),
    ),
    # Most are recorded soon after they happen, so this index is a few pages however many there are.
    Index("loan_transactions_value_date_idx", "value_date", postgresql_using="brin"),
    # What the list of transactions asks for, from the index alone.
    Index(
        "loan_transactions_listed_idx",
        "value_date",
        "transaction_id",
        postgresql_include=["loan_id", "number", "kind", "intent", "amount", "actor_kind", "actor_id"],
    ),
)

# What lender and customer agreed on, as rules/servicing/stored.py writes it.
loan_terms = Table(
    "loan_terms",
    metadata,
    Column("loan_id", BigInteger, nullable=False),
    Column("terms", JSONB, nullable=False),
    # What the loan said before its opening, for when that is reversed.
    Column("stated_end_date", Date),
    PrimaryKeyConstraint("loan_id", name="loan_terms_pkey"),
    ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_terms_loan_fkey"),
)

# What the facts of a loan make, as of the last of them: a cache, which a replay of the facts makes anew. The columns
# beside `position` are what lists and sums ask for, in rupees.
loan_positions = Table(
    "loan_positions",
    metadata,
    Column("loan_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("principal", MONEY, nullable=False),
    Column("charges", MONEY, nullable=False),
    Column("credit", MONEY, nullable=False),
    Column("unpaid_from", Date),
    Column("held", Boolean, nullable=False),
    Column("repayments_left", SmallInteger, nullable=False),
    # The value date of the last fact that counts, and the number of the last transaction, which may be a reversal.
    Column("last_fact_on", Date),
    Column("last_number", Integer, nullable=False),
    Column("position", JSONB, nullable=False),
    # By which rules it was made; 0 by those of releases that did not say so.
    Column("fold_revision", SmallInteger, nullable=False, server_default="0"),
    now("updated_at"),
    PrimaryKeyConstraint("loan_id", name="loan_positions_pkey"),
    ForeignKeyConstraint(["loan_id"], ["loans.loan_id"], name="loan_positions_loan_fkey"),
    known("loan_positions", "status", Status),
    # Who is how late, and with how much, from the index alone.
    Index(
        "loan_positions_unpaid_idx",
        "unpaid_from",
        "loan_id",
        postgresql_include=["held", "principal", "last_fact_on"],
        postgresql_where=literal_column("status = 'open'"),
    ),
    # What has changed since a day in the past.
    Index("loan_positions_last_fact_idx", "last_fact_on"),
    # Those that are worse than late, in the same order.
    Index(
        "loan_positions_held_idx", "unpaid_from", "loan_id", postgresql_where=literal_column("status = 'open' AND held")
    ),
    # Those that are over.
    Index("loan_positions_over_idx", "status", "loan_id", postgresql_where=literal_column("status <> 'open'")),
    # Of the loans that are not open, all others need an opening (unopened.py).
    Index(
        "loan_positions_ended_idx", "loan_id", postgresql_where=literal_column("status IN ('closed', 'written_off')")
    ),
    # Those that are to be made anew; none, most of the time.
    Index("loan_positions_outdated_idx", "loan_id", postgresql_where=literal_column(IS_OUTDATED)),
)

# Key Facts Statements that were issued, with all that they say: a trigger refuses UPDATE, DELETE and TRUNCATE, for
# every role. The figures follow from the proposal by the rule (rules/key_facts.py).
key_facts_statements = Table(
    "key_facts_statements",
    metadata,
    Column("number", BigInteger, Identity(always=True), nullable=False),
    # NULL if it is for somebody who is not a customer yet. The name is as it was that day.
    Column("customer_id", BigInteger),
    Column("customer_name", Text),
    Column("issued_on", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("rule", Text, nullable=False),
    Column("proposal", JSONB, nullable=False),
    Column("lender", JSONB, nullable=False),
    # In percent a year. Fees may leave next to nothing of a loan, and then it has many digits.
    Column("apr", Numeric(24, 2), nullable=False),
    *actor(),
    Column("request_id", Text),
    now("created_at"),
    PrimaryKeyConstraint("number", name="key_facts_statements_pkey"),
    ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="key_facts_statements_customer_fkey"),
    CheckConstraint("(customer_id IS NULL) = (customer_name IS NULL)", name="key_facts_statements_name_if_customer"),
    CheckConstraint("valid_until >= issued_on", name="key_facts_statements_valid_from_issue"),
    Index("key_facts_statements_customer_idx", "customer_id", "number"),
)
