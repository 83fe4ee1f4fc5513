"""The whole interface once more: `import couler.argo as couler` is `import sqlml.couler.argo …`."""

from sqlml.couler import *  # noqa: F403
