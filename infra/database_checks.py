"""What a deployment must not be told by mistake, of its database above all."""

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from chalicelib.config import read_settings
from chalicelib.errors import ConfigurationError
from infra.packaging import CERTIFICATES, TEMPLATE
from infra.terminal import CommandError

# Lambda keeps a function's code in this folder.
CA_FILE = f"/var/task/{CERTIFICATES}"
BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
OF_RDS = re.compile(r"\.rds\.amazonaws\.com$|\.rds\.[a-z0-9-]+\.amazonaws\.com\.cn$")
# Which database it is. The rest of what the foundation tells may change without a word.
WHICH_DATABASE = ("DatabaseUrl", "DatabaseResourceId", "DatabaseClusterId", "DatabaseProxy")

# What only Lambda will know.
OF_LAMBDA = dict.fromkeys(("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "known later")


def read_certificates(path: Path) -> bytes:
    """The file's certificates. Raises CommandError if there is no certificate in it."""
    try:
        found = path.read_bytes()
        # Whoever reads the file in the function does it with this, too.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found.decode("ascii"))
    except (OSError, ValueError) as error:
        raise CommandError(
            f"CERTIFICATES must be a file of certificates in PEM form, such as that of {BUNDLE}. "
            f"Invalid value: {str(path)!r} ({error})."
        ) from error
    return found


def check_parameters(given: Mapping[str, str]) -> None:
    """Raises CommandError for a parameter that is missing, unknown, or nothing that the functions can work with.

    CloudFormation would refuse some when all is uploaded, LocalStack none, and the functions only when they run.
    """
    template = yaml.safe_load(TEMPLATE.read_text())
    declared = template["Parameters"]
    for name, told in declared.items():
        if "Default" not in told and not given.get(name):
            raise CommandError(f'{name} is missing: PARAMETERS="{name}=…" (docs/configuration.md says what it is).')
    for name, value in given.items():
        if name not in declared:
            raise CommandError(f"There is no parameter {name}; docs/configuration.md lists those there are.")
        words = [str(each) for each in declared[name].get("AllowedValues", [value])]
        if value not in words or (declared[name]["Type"] == "Number" and not value.isdecimal()):
            what = "a whole number" if value in words else f"one of {', '.join(words)}"
            raise CommandError(f"{name} must be {what}. Invalid value: {value!r}.")
    values = {name: given.get(name, str(told.get("Default"))) for name, told in declared.items()}
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    environment = {name: values.get(source.get("Ref"), "known later") for name, source in variables.items()}
    try:
        read_settings({**OF_LAMBDA, **environment, "STAGE": given["Stage"]})
    except ConfigurationError as error:
        raise CommandError(f"The functions could not work with these parameters: {error}") from error


def check_certificates(parameters: Mapping[str, str]) -> None:
    """Raises CommandError if the database is Aurora itself and nothing says whom to trust."""
    host = urlsplit(parameters.get("DatabaseUrl", "")).hostname or ""
    # The proxy's certificates are of an authority that all trust.
    is_aurora = OF_RDS.search(host) and not any(label.startswith("proxy-") for label in host.split("."))
    if is_aurora and parameters.get("DatabaseAuth", "iam") == "iam" and not parameters.get("DatabaseCaFile"):
        raise CommandError(
            f"The functions would not trust {host}, whose certificate is signed by RDS itself. Get AWS's file with "
            f"`curl -O {BUNDLE}` and deploy with CERTIFICATES=global-bundle.pem."
        )


def check_move(standing: Mapping[str, str | None], founded: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raises CommandError if a stage would leave its database only because its foundation names another.

    After a restore the stage stands with a cluster that its foundation does not know.
    """
    moved = [
        name
        for name in WHICH_DATABASE
        if name in founded and name not in given and standing.get(name) not in (None, founded[name])
    ]
    if moved:
        stay = " ".join(f"{name}={standing[name]}" for name in moved)
        go = " ".join(f"{name}={founded[name]}" for name in moved)
        raise CommandError(
            "The stage stands with another database than its foundation has; say which is meant. "
            f'To stay: PARAMETERS="{stay}". To go to that of the foundation: PARAMETERS="{go}".'
        )
