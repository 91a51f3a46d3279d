"""Draw the pictures of the gallery anew, all of them or some: python docs/gallery/build.py maps race."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import optax

import thalweg as tw

HERE = Path(__file__).parent
STARS = HERE.parents[1] / "src" / "thalweg" / "problems" / "data" / "stars-cyg.csv"


def main() -> None:
    """Draw all pictures beside this file, or those of the functions that are named."""
    parts = {
        draw.__name__: draw for draw in (pencil, orthogonal, maps, race, frameworks, valleys, stars, line, functions)
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


def pencil() -> None:
    """The published experiment."""
    problem = tw.problems.pencil()
    objective = tw.objective(problem, tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.05), starts=np.pi / 4, steps=100, precision=32)
    surface = tw.survey(objective)
    valleys = tw.find_valleys(objective, surface)
    crown = tw.figures.crown(surface, runs, valleys)
    crown.save(HERE / "crown.png")
    crown.save(HERE / "crown.gif")
    tw.figures.data(problem).save(HERE / "pencil-data.png")
    tw.figures.parameter(runs, valleys).save(HERE / "pencil-parameter.png")
    tw.figures.profile(surface, runs, valleys).save(HERE / "pencil-profile.png")


def orthogonal() -> None:
    """The same pencil with distances measured across the line: a crown of equal points."""
    objective = tw.objective(tw.problems.pencil(residual="orthogonal"), tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.05), starts=2.0, steps=100)
    surface = tw.survey(objective)
    crown = tw.figures.crown(surface, runs, tw.find_valleys(objective, surface))
    crown.save(HERE / "crown-orthogonal.png")


def maps() -> None:
    """How the runs of two optimisers end, over start and learning rate; a minute or two for each million runs."""
    objective = tw.objective(tw.problems.pencil(residual="orthogonal"), tw.losses.fourth_root(smoothing=0.1))
    valleys = tw.find_valleys(objective)
    adam, momentum = tw.Optimizer(optax.adam), tw.Optimizer(optax.sgd, momentum=0.9)
    for optimizer, shadows, rates, pixels, pictures in (
        (adam, False, (0.2, 1.6), 1024, {"map-adam": "settled", "map-adam-derailments": "derailments"}),
        (adam, True, (0.2, 1.6), 512, {"map-adam-rounding": "rounding"}),
        (momentum, False, (1.2, 10.0), 1024, {"map-momentum": "settled"}),
    ):
        descent = tw.Descent(optimizer, steps=200, precision=32, shadows=shadows)
        along = (
            tw.Range("phi", -np.pi / 2, np.pi / 2, pixels),
            tw.Range("learning_rate", *rates, pixels, "log"),
        )
        chart = tw.outcome_map(objective, descent, valleys, along=along)
        for name, colour in pictures.items():
            figure = tw.figures.outcome_map(chart, colour=colour)
            figure.save(HERE / f"{name}.png")
            if name == "map-adam":
                figure.save(HERE / "map.png", dpi=100)
            say(name, figure)


def race() -> None:
    """Which optimiser finds the deepest valley of the pencil most often."""
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    rivals = {
        "sgd": tw.Optimizer(optax.sgd),
        "momentum": tw.Optimizer(optax.sgd, momentum=0.9),
        "nesterov": tw.Optimizer(optax.sgd, momentum=0.9, nesterov=True),
        "adam": tw.Optimizer(optax.adam),
        "rmsprop": tw.Optimizer(optax.rmsprop),
        "lion": tw.Optimizer(optax.lion),
    }
    figure = tw.figures.race(tw.race(objective, rivals, tw.find_valleys(objective, method="exact")))
    figure.save(HERE / "race.png")
    say("race", figure)


def frameworks() -> None:
    """Adam in four frameworks, and where they part."""
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    figure = tw.figures.compare(
        tw.frameworks.compare(objective, tw.Descent(tw.Optimizer(optax.adam, learning_rate=0.05), 100))
    )
    figure.save(HERE / "compare-adam.png")
    say("compare-adam", figure)


def say(name: str, figure: tw.figures.Figure) -> None:
    """Tell the numbers that the captions in README.md quote."""
    sys.stdout.write(f"{name}: {figure.caption}\n")


def valleys() -> None:
    """How valleys last and join, which basin is whose, and how many there are."""
    pencil = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    found = tw.find_valleys(pencil, method="exact")
    tw.figures.barcode(found).save(HERE / "barcode.png")
    tw.figures.merge_tree(found).save(HERE / "merge-tree.png")
    himmelblau = tw.objective(tw.problems.himmelblau())
    surface = tw.survey(himmelblau)
    tw.figures.basins(surface, None, tw.find_valleys(himmelblau, surface)).save(HERE / "basins.png")
    noise, exponents = [0.0, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1], [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    diagram = tw.phase_diagram(lambda s: tw.problems.pencil(noise=s), noise, exponents, persistence=0.002)
    tw.figures.phase_diagram(diagram).save(HERE / "phases.png")


def stars() -> None:
    """A line through the stars of CYG OB1, under two losses."""
    problem = tw.problems.table(STARS, "log_temperature", "log_light")
    starts = [[0.0, problem.start[1]], [3.5, 4.6]]
    for name, loss, optimizer in (
        ("stars-quadratic", tw.losses.quadratic(), optax.sgd(0.45)),
        (
            "stars-fourth-root",
            tw.losses.fourth_root(),
            optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(optax.cosine_decay_schedule(0.3, 2000))),
        ),
    ):
        objective = tw.objective(problem, loss)
        runs = tw.descend(objective, optimizer, starts=starts, steps=2000)
        surface = tw.survey(objective)
        # The fourth root has a small valley wherever two stars' lines cross; the lasting ones are shown.
        valleys = tw.find_valleys(objective, surface, persistence=0.005)
        tw.figures.plane(surface, runs, valleys).save(HERE / f"{name}.png")


def line() -> None:
    """The straight line that came before the pencil."""
    objective = tw.objective(tw.problems.line(), tw.losses.quadratic())
    runs = tw.descend(objective, optax.sgd(0.1), starts=[5.0, 0.0], steps=10, precision=32)
    surface = tw.survey(objective)
    tw.figures.plane(surface, runs, tw.find_valleys(objective, surface)).save(HERE / "line.png")


def functions() -> None:
    """Test surfaces of the literature."""
    for problem, optimizer, steps in (
        (tw.problems.himmelblau(), optax.sgd(0.01, momentum=0.8), 100),
        (tw.problems.rosenbrock(), optax.adam(0.05), 1000),
        (tw.problems.rastrigin(), optax.sgd(0.002, momentum=0.9), 100),
    ):
        objective = tw.objective(problem)
        runs = tw.descend(objective, optimizer, steps=steps)
        surface = tw.survey(objective)
        tw.figures.plane(surface, runs, tw.find_valleys(objective, surface)).save(HERE / f"{problem.name}.png")


if __name__ == "__main__":
    main()
