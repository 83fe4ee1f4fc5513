"""The format of stored models, by which an older sqlml knows that it cannot read one."""

FORMAT = 1
