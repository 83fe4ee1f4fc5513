"""`>>`: steps that pass nothing on to each other, in an order of their own."""

import sqlml

with sqlml.workflow("order", parallelism=2) as flow:
    first = flow.script("print('first')", name="first")
    left = flow.script("print('left')", name="left")
    right = flow.script("print('right')", name="right")
    last = flow.script("print('last')", name="last")
    first >> [left, right] >> last

if __name__ == "__main__":
    print(sqlml.run(flow, db=":memory:").outputs)
