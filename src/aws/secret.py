"""The secret that holds the API keys: read anew in every run.

Source of the limits: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from aws.clients import error_code
from config.accounts import SHAPE, SecretError

# The code is the same for a secret that is not there:
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
NO_VALUE = "staging label"

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class NoValueError(SecretError):
    """The secret is there and never had a value: a stack that was just deployed."""


def read(client: "SecretsManagerClient", secret: str) -> str:
    """The text of the secret's current value. Raises `SecretError`; `NoValueError` before the first."""
    try:
        text = client.get_secret_value(SecretId=secret).get("SecretString")
    except ClientError as error:
        code = error_code(error)
        if code == "ResourceNotFoundException" and NO_VALUE in str(error):
            raise NoValueError(f"The secret has no value yet. Set it to {SHAPE}.") from None
        if code == "ResourceNotFoundException":
            raise SecretError(
                "The secret is not there. Restore it, or deploy the stack anew."
            ) from None
        raise SecretError(
            f"The secret could not be read ({code}). Check the function's permissions for it."
        ) from None
    except BotoCoreError as error:
        raise SecretError(
            f"Secrets Manager could not be reached ({error_code(error)}). The next run tries again."
        ) from None
    if text is None:
        raise SecretError(f"The secret is binary. Set it as text: {SHAPE}.")
    return text
