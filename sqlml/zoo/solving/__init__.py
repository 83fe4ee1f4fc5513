"""TO MAXIMIZE and TO MINIMIZE: from formulas and rows to a problem, and the solvers for it."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.zoo.solving.solver import Solver

SOLVERS: "Registry[Solver]" = Registry(
    "solver",
    "sqlml.solvers",
    "E0255",
    {
        "highs": "sqlml.zoo.solving.highs:SOLVER",
        "glpk": "sqlml.zoo.solving.glpk:SOLVER",
        "cbc": "sqlml.zoo.solving.cbc:SOLVER",
        "scip": "sqlml.zoo.solving.scip:SOLVER",
    },
)

# What older programs name, and why a problem cannot be handed to it.
UNUSABLE = {"baron": "it reads no MPS file, only one of its own kind"}
