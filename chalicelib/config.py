"""The one place that reads the environment. Everything else is handed a `Settings`."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.errors import ConfigurationError
from chalicelib.rules.access import PEOPLE
from chalicelib.rules.bounds import Range
from chalicelib.rules.ceilings import Ceiling, Ceilings
from chalicelib.rules.lender import LEAST_KEY_FACTS_DAYS, Lender
from chalicelib.rules.policy import STANDARD_1, Policy, PolicyError, policy_named
from chalicelib.rules.text import is_plain_text, joined

LOCAL, PRODUCTION = "local", "prod"
# What the foundation's database ends a statement after where nobody says otherwise (infra/foundation.yaml).
STATEMENT_TIMEOUT_MS = 10_000
OPEN_HOSTS = "localhost 127.0.0.1 ::1"
LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2})?")
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
CEILING = re.compile(r"[1-9][0-9]{0,3} [1-9][0-9]{0,12}")
# Of one text about the lender; all of Lambda's environment may have 4 KB.
MAX_LENDER_TEXT = 300
LENDER_DAYS = {"cooling_off_days": Range(0, 365), "key_facts_days": Range(LEAST_KEY_FACTS_DAYS, 365)}
CURRENCY_CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class AwsCredentials:
    """What Lambda gives a function as its role, for as long as its container lives."""

    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False, default="")


@dataclass(frozen=True)
class Settings:
    """What the deployment decides. Units are in the names."""

    stage: str
    database_url: str
    import_bucket: str
    import_queue_url: str
    policy: Policy
    business_timezone: ZoneInfo
    statement_timeout_ms: int
    # Set where the database is signed in to as the function's role and reached over TLS, which is everywhere on AWS.
    database_identity: AwsCredentials | None
    # Whether a proxy stands before the database that refuses settings of a session, as RDS Proxy does.
    database_proxy: bool
    # Certificates to trust beside the system's, for the TLS of the database.
    database_ca_file: str | None
    # Whether requests without credentials are let in; only the local stage may.
    open_to_anyone: bool
    # The names under which the stage that is open to anyone answers, so that no page gets in by a name that leads here.
    open_hosts: tuple[str, ...]
    # The origins whose web pages may call the API, such as https://loans.example.com; none unless they are named.
    cors_origins: tuple[str, ...]
    # How the console writes numbers and dates, as language_TERRITORY, and in which currency the amounts are.
    console_locale: str
    currency: str
    # How high officers and admins may set a credit limit.
    ceilings: Ceilings
    # The roles of people that must have a second factor.
    second_factor_roles: frozenset[str]
    # Who lends, for what is printed.
    lender: Lender
    # The origin at which people reach S3, if functions reach it at another; only the local stack has two.
    public_s3_url: str | None


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process, from its environment variables (docs/configuration.md lists them).

    Raises ConfigurationError with a sentence that names the variable when one is missing or wrong.
    """
    return Settings(
        stage=_required(environ, "STAGE"),
        database_url=_database_url(environ),
        import_bucket=_required(environ, "IMPORT_BUCKET"),
        import_queue_url=_required(environ, "IMPORT_QUEUE_URL"),
        policy=_policy(environ),
        business_timezone=_timezone(environ),
        statement_timeout_ms=_whole_number(environ, "STATEMENT_TIMEOUT_MS", default=STATEMENT_TIMEOUT_MS, least=100),
        database_identity=_database_identity(environ),
        database_proxy=_yes_or_no(environ, "DATABASE_PROXY"),
        database_ca_file=environ.get("DATABASE_CA_FILE"),
        open_to_anyone=_open_to_anyone(environ),
        open_hosts=tuple(environ.get("OPEN_HOSTS", OPEN_HOSTS).lower().split()),
        cors_origins=_origins(environ),
        console_locale=_matching(environ, "CONSOLE_LOCALE", "en_IN", LOCALE, "a language and territory, such as en_IN"),
        currency=_matching(environ, "CURRENCY", "INR", CURRENCY_CODE, "the ISO code of a currency, such as INR"),
        ceilings=_ceilings(environ),
        second_factor_roles=_second_factor_roles(environ),
        lender=_lender(environ),
        public_s3_url=_public_s3_url(environ),
    )


def check_doors(environ: Mapping[str, str] = os.environ) -> None:
    """Raises ConfigurationError where the API would be open to whom it must not be.

    Runs when the application is imported, so that a function that is set up like this does not start at all. The other
    variables are read when first used: the application is imported to be packaged, too, and has none of them there.
    """
    _open_to_anyone(environ)
    _origins(environ)


def runs_in_lambda(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a function's, where the time until the first answer counts."""
    return "AWS_LAMBDA_FUNCTION_NAME" in environ


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise ConfigurationError(f"The environment variable {name} must be set; it is missing or empty.")
    return value


def _database_url(environ: Mapping[str, str]) -> str:
    url = _required(environ, "DATABASE_URL")
    if not url.startswith(("postgresql://", "postgresql+pg8000://")):
        # The value may hold a password, so the sentence does not repeat it.
        raise ConfigurationError(
            "DATABASE_URL must have the form postgresql://user:password@host:port/database; "
            "it starts with another scheme."
        )
    if urlsplit(url).password and environ.get("STAGE") != LOCAL:
        raise ConfigurationError(
            f"DATABASE_URL must hold no password outside the stage {LOCAL}, because an environment is read by many; "
            "leave it out and set DATABASE_AUTH=iam."
        )
    return url.replace("postgresql://", "postgresql+pg8000://", 1)


def _database_identity(environ: Mapping[str, str]) -> AwsCredentials | None:
    mode = environ.get("DATABASE_AUTH", "password")
    if mode not in ("password", "iam"):
        raise ConfigurationError(f"DATABASE_AUTH must be password or iam. Invalid value: {mode!r}.")
    if mode == "password":
        return None
    return AwsCredentials(
        region=_required(environ, "AWS_REGION"),
        access_key_id=_required(environ, "AWS_ACCESS_KEY_ID"),
        secret_access_key=_required(environ, "AWS_SECRET_ACCESS_KEY"),
        session_token=environ.get("AWS_SESSION_TOKEN", ""),
    )


def _yes_or_no(environ: Mapping[str, str], name: str) -> bool:
    answer = environ.get(name, "no")
    if answer not in ("yes", "no"):
        raise ConfigurationError(f"{name} must be yes or no. Invalid value: {answer!r}.")
    return answer == "yes"


def _policy(environ: Mapping[str, str]) -> Policy:
    try:
        return policy_named(environ.get("DECISION_POLICY", STANDARD_1.name))
    except PolicyError as error:
        raise ConfigurationError(f"DECISION_POLICY: {error}") from None


def _open_to_anyone(environ: Mapping[str, str]) -> bool:
    mode = environ.get("API_AUTH", "required")
    if mode not in ("required", "open"):
        raise ConfigurationError(f"API_AUTH must be required or open. Invalid value: {mode!r}.")
    if mode == "open" and environ.get("STAGE") != LOCAL:
        raise ConfigurationError(
            f"API_AUTH=open lets everybody in and is for the stage {LOCAL} only; remove it, or set it to required."
        )
    return mode == "open"


def _origins(environ: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple(environ.get("CORS_ORIGINS", "").split())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ConfigurationError(
                "CORS_ORIGINS must be origins with blanks between, such as https://loans.example.com, without a path "
                f"and without *. Invalid value: {origin!r}."
            )
    return origins


def _public_s3_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("PUBLIC_S3_URL", "")
    if url and not ORIGIN.fullmatch(url):
        raise ConfigurationError(
            f"PUBLIC_S3_URL must be an origin without a path, such as http://localhost:4566. Invalid value: {url!r}."
        )
    return url or None


def _timezone(environ: Mapping[str, str]) -> ZoneInfo:
    name = environ.get("BUSINESS_TIMEZONE", "Asia/Kolkata")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"BUSINESS_TIMEZONE must be the name of an IANA time zone, such as Asia/Kolkata. Invalid value: {name!r}."
        ) from None


def _matching(environ: Mapping[str, str], name: str, default: str, form: re.Pattern[str], what: str) -> str:
    text = environ.get(name, default)
    if not form.fullmatch(text):
        raise ConfigurationError(f"{name} must be {what}. Invalid value: {text!r}.")
    return text


def _ceilings(environ: Mapping[str, str]) -> Ceilings:
    what = "monthly incomes and rupees with a blank between, such as 60 10000000"
    officer = _matching(environ, "OFFICER_CEILING", "60 10000000", CEILING, what)
    admin = _matching(environ, "ADMIN_CEILING", "120 100000000", CEILING, what)
    return Ceilings(Ceiling(*map(int, officer.split())), Ceiling(*map(int, admin.split())))


def _second_factor_roles(environ: Mapping[str, str]) -> frozenset[str]:
    roles = environ.get("SECOND_FACTOR_ROLES", "").split()
    for role in roles:
        if role not in PEOPLE:
            raise ConfigurationError(
                f"SECOND_FACTOR_ROLES must be roles of people with blanks between, of {joined(PEOPLE, 'and')}. "
                f"Invalid value: {role!r}."
            )
    return frozenset(roles)


def _lender(environ: Mapping[str, str]) -> Lender:
    """The lender from one JSON object, so that a text of it may have any sign in it."""
    sent = environ.get("LENDER", "") or "{}"
    try:
        said = json.loads(sent)
    except ValueError:
        said = None
    known = [field.name for field in fields(Lender)]
    if not isinstance(said, dict) or not said.keys() <= set(known):
        raise ConfigurationError(
            f"LENDER must be a JSON object with some of the fields {', '.join(known)}. Invalid value: {sent[:200]!r}."
        )
    for name, value in said.items():
        _check_of_lender(name, value)
    return Lender(**said)


def _check_of_lender(name: str, value: object) -> None:
    days = LENDER_DAYS.get(name)
    if days is not None and (type(value) is not int or value not in days):
        raise ConfigurationError(f"LENDER: {name} must be a whole number of days, {days}. Invalid value: {value!r}.")
    is_text = isinstance(value, str) and len(value) <= MAX_LENDER_TEXT and is_plain_text(value)
    if days is None and not is_text:
        raise ConfigurationError(
            f"LENDER: {name} must be text of at most {MAX_LENDER_TEXT} characters on one line. "
            f"Invalid value: {str(value)[:200]!r}."
        )


def _whole_number(environ: Mapping[str, str], name: str, *, default: int, least: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise ConfigurationError(f"{name} must be a whole number of at least {least}. Invalid value: {text!r}.")
    return int(text)


def stage_name(environ: Mapping[str, str] = os.environ) -> str:
    """The stage for the logs, which tell also of an environment that is wrong."""
    return environ.get("STAGE", "unknown")


def import_queue_name(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the queue that S3 notifies. Needed while packaging, when no queue exists yet."""
    return f"loans-{environ.get('STAGE', 'local')}-imports"
