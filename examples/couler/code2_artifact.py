"""Code 2 of the Couler paper: a step writes a message to a file, the next one takes it."""

import sqlml.couler as couler  # noqa: PLR0402


def producer(step_name):
    output_path = "/opt/hello_world.txt"
    output_place = couler.create_parameter_artifact(path=output_path, is_global=True)
    return couler.run_container(
        image="docker/whalesay:latest",
        args=[f"echo -n hello world > {output_place.path}"],
        command=["bash", "-c"],
        output=output_place,
        step_name=step_name,
    )


def consumer(step_name, input):
    couler.run_container(
        image="docker/whalesay:latest",
        command=["cowsay"],
        args=input,
        step_name=step_name,
    )


output = producer("step1")
consumer("step2", output)
