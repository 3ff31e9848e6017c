"""Tokens for the database are those that the AWS client makes."""

from datetime import UTC, datetime

import boto3
import pytest

from chalicelib.config import AwsCredentials
from chalicelib.postgres.iam import DatabaseAddress, authentication_token

ADDRESS = DatabaseAddress("loans.cluster-c9x.ap-south-1.rds.amazonaws.com", 5432, "loans_app")


@pytest.mark.parametrize("session_token", ["", "IQoJb3JpZ2luX2VjE/+=="])
def test_a_token_is_the_one_that_the_aws_client_makes(session_token: str) -> None:
    credentials = AwsCredentials("ap-south-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", session_token)
    client = boto3.client(
        "rds",
        region_name=credentials.region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=session_token or None,
    )
    theirs = client.generate_db_auth_token(ADDRESS.host, ADDRESS.port, ADDRESS.user)
    moment = theirs.partition("X-Amz-Date=")[2][:16]
    ours = authentication_token(ADDRESS, credentials, datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
    assert parts(ours) == parts(theirs)


def test_credentials_do_not_show_their_secrets() -> None:
    shown = repr(AwsCredentials("ap-south-1", "AKIDEXAMPLE", "not-to-be-seen", "nor-this"))
    assert "not-to-be-seen" not in shown
    assert "nor-this" not in shown


def parts(token: str) -> tuple[str, list[str]]:
    host, _, query = token.partition("?")
    return host, sorted(query.split("&"))
