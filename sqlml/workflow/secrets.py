"""Where the value of a secret is, for whoever needs it: in a variable."""

import re

from sqlml.workflow.policies import SecretKey

PREFIX = "SQLML_SECRET_"


def variable(reference: SecretKey) -> str:
    """The variable that holds a secret's key: `SQLML_SECRET_<SECRET>_<KEY>`."""
    name = f"{reference.secret}_{reference.key}".upper()
    return PREFIX + re.sub(r"\W", "_", name)


def password_of(secret: str) -> SecretKey:
    """The key under which a secret has the password of a database."""
    return SecretKey(secret, "password")
