"""`on_exit`: tidy up whatever happens, and tell someone if something fails."""

import sqlml


@sqlml.step
def work(text: str) -> str:
    return text.upper()


@sqlml.step
def tidy_up() -> str:
    return "tidy"


@sqlml.step
def complain() -> str:
    return "it has failed"


with sqlml.workflow("on-exit") as flow:
    work("done")
    with flow.on_exit():
        tidy_up()
    with flow.on_exit("failed"):
        complain()

if __name__ == "__main__":
    print(sqlml.run(flow, db=":memory:").outputs)
