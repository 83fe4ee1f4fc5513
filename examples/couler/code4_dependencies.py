"""Code 4 of the Couler paper, by the names of the steps instead of edges."""

import sqlml.couler as couler  # noqa: PLR0402


def job(name):
    couler.run_container(
        image="docker/whalesay:latest",
        command=["cowsay"],
        args=[name],
        step_name=name,
    )


#   A
#  / \
# B   C
#  \ /
#   D
def diamond():
    couler.set_dependencies(lambda: job(name="A"), dependencies=None)
    couler.set_dependencies(lambda: job(name="B"), dependencies=["A"])
    couler.set_dependencies(lambda: job(name="C"), dependencies=["A"])
    couler.set_dependencies(lambda: job(name="D"), dependencies=["B", "C"])


diamond()
