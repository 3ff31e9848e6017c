"""The only builder of real things: settings, engine, clock, AWS clients; each once a container, when first used."""

from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.config import Settings, read_settings
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.lender import Lender
from chalicelib.rules.policy import Policy
from chalicelib.services.access import Gate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from chalicelib.console.frame.formats import Formats


@cache
def settings() -> Settings:
    return read_settings()


@cache
def database() -> Database:
    return Database(make_engine(settings()))


def connect_early() -> None:
    """Connects while a function starts, which Lambda gives a whole core. What fails is told to the first who asks."""
    # Whatever it is: a function that does not start can tell nobody.
    with suppress(Exception):
        database().connect()


@cache
def gate() -> Gate:
    return Gate(
        database(),
        open_to_anyone=settings().open_to_anyone,
        second_factor_roles=settings().second_factor_roles,
    )


def policy() -> Policy:
    return settings().policy


def lender() -> Lender:
    """Who lends, as printed papers name it."""
    return settings().lender


@cache
def formats() -> "Formats":
    """Numbers, amounts, dates and times as this stage's locale writes them. Babel is imported when first used."""
    from chalicelib.console.frame.formats import Formats

    made = settings()
    return Formats(made.console_locale, made.currency, made.business_timezone)


def today() -> date:
    """The date at the lender's place of business, which decides whether a loan is current."""
    return datetime.now(settings().business_timezone).date()


@cache
def s3() -> "S3Client":
    return _new_s3(None)


def signing_s3() -> "S3Client":
    """Signs links and uploads for the address at which people reach S3, which a function may reach at another."""
    address = settings().public_s3_url
    return _s3_at(address) if address else s3()


@cache
def _s3_at(address: str) -> "S3Client":
    return _new_s3(address)


def _new_s3(address: str | None) -> "S3Client":
    # boto3 costs more to import than everything else together, and the API does not need it.
    import boto3
    from botocore.config import Config

    # What the client would choose by itself signs links that only the oldest regions accept.
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=address, config=config)


@cache
def sqs() -> "SQSClient":
    import boto3

    return boto3.client("sqs")
