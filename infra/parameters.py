"""Whether a stage could work with the parameters of a deployment, asked before anything is packaged or changed.

CloudFormation would refuse some when all is uploaded, LocalStack none, and the functions only when they are deployed.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from chalicelib.config import read_settings
from chalicelib.errors import ConfigurationError
from infra.packaging import TEMPLATE
from infra.terminal import CommandError

# What only the stack or Lambda will know.
_LATER = dict.fromkeys(("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "known later")


def check_parameters(given: Mapping[str, str]) -> None:
    """Raises CommandError for a parameter that is missing, unknown, or nothing that the functions can work with."""
    template = yaml.safe_load(TEMPLATE.read_text())
    declared = template["Parameters"]
    for name, told in declared.items():
        if "Default" not in told and not given.get(name):
            raise CommandError(f'{name} is missing: PARAMETERS="{name}=…" (docs/configuration.md says what it is).')
    for name in given.keys() - declared.keys():
        raise CommandError(f"There is no parameter {name}; docs/configuration.md lists those there are.")
    values = {name: given.get(name, str(told.get("Default"))) for name, told in declared.items()}
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    environment = {name: values.get(source.get("Ref"), "known later") for name, source in variables.items()}
    try:
        read_settings({**_LATER, **environment, "STAGE": given["Stage"]})
    except ConfigurationError as error:
        raise CommandError(f"The functions could not work with these parameters: {error}") from error
    for name, value in given.items():
        if allowed := _allowed(value, declared[name]):
            raise CommandError(f"{name} must be {allowed}. Invalid value: {value!r}.")


def _allowed(value: str, told: Mapping[str, Any]) -> str | None:
    """What the declaration of a parameter allows, if that is not the value."""
    words, form = [str(each) for each in told.get("AllowedValues", ())], told.get("AllowedPattern", "(?s:.*)")
    if words:
        return None if value in words else f"one of {', '.join(words)}"
    if told["Type"] != "Number":
        return None if re.fullmatch(form, value) else f"of the form {form}"
    least, most = told["MinValue"], told.get("MaxValue", 1_000_000_000)
    return None if value.isdecimal() and least <= int(value) <= most else f"a whole number, {least} to {most}"
