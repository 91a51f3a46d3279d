# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One valley for every line
#
# Take five straight lines through one point, scatter points along them, and fit the whole bundle with *one* line through the
# same point. Its angle $\varphi$ is the only parameter, so the loss is a curve over a circle of angles, and everything that
# an optimiser does on it can be seen at a glance.
#
# How many answers does this question have? Five would be fair: each line of the bundle (a *pencil* of lines, German
# *Geradenbüschel*) fits a fifth of the points perfectly. This notebook shows why the usual loss sees only one answer, which
# loss sees all five, and what plain gradient descent makes of a surface with five valleys. It rebuilds an experiment that
# H. F. Wittmann published in 2019, to the printed digit, and then goes on.
#
# Every picture is drawn from arrays that you can open. To turn the pictures by hand, run `thalweg demo` and open
# `figures/interactive.html`.

# %%
import numpy as np
import optax

import thalweg as tw
from thalweg import figures

problem = tw.problems.pencil(lines=5, points=100, noise=0.0, seed=314)
figures.data(problem)

# %% [markdown]
# ## Symmetric data is not enough
#
# The five lines are spread evenly, and no direction is preferred. It is tempting to think that such data must have five best
# fits. They do not, because the data alone have no opinion: the *loss* says what a good fit is.
#
# Take the vertical residual $r = x\tan\varphi - y$ and the quadratic loss $r^2$, on all thousand points. The surface has
# exactly one valley, at 0°.

# %%
whole = tw.problems.Split(test_share=0.0)
vertical = tw.objective(tw.problems.pencil(split=whole), tw.losses.quadratic())
valleys = tw.find_valleys(vertical)
print("valleys at", valleys.attrs["names"])
figures.profile(tw.survey(vertical), valleys=valleys)

# %% [markdown]
# The reason is simple. A square makes large residuals count for far more than small ones: the mean is ruled by the points that
# are *not* on the line, and they agree on a compromise.
#
# Now measure the distance across the line instead, $r = x\sin\varphi - y\cos\varphi$, which treats all directions alike. The
# mean square is then $\varphi$'s quadratic form of the scatter matrix of the data, and for five evenly spread lines that matrix
# is a multiple of the identity. The surface is constant: no valley at all.

# %%
orthogonal = tw.objective(tw.problems.pencil(residual="orthogonal", split=whole), tw.losses.quadratic())
flat = tw.survey(orthogonal)["train_loss"].values
print(f"from {flat.min():.12f} to {flat.max():.12f}, valleys: {tw.find_valleys(orthogonal).sizes['valley']}")

# %% [markdown]
# ## A loss that lets the many be wrong
#
# Replace the square by the fourth root of the square, $|r|^{1/2}$. It grows ever more slowly, so that a point far from the line
# costs little more than one that is rather far, while a point *on* the line is rewarded without mercy: the loss has a cusp at
# zero. Between two neighbouring data slopes each term is concave in the slope, so no minimum can lie there; the only
# candidates are the slopes of the data themselves. Each line of the bundle gets a valley of its own.

# %%
objective = tw.objective(problem, tw.losses.power(1 / 2))
surface = tw.survey(objective)
valleys = tw.find_valleys(objective, surface)
for name, loss, persistence in zip(
    valleys.attrs["names"], valleys["loss"].values, valleys["persistence"].values, strict=True
):
    print(f"{name:>5}   loss {loss:.5f}   persistence {persistence:.5f}")
figures.profile(surface, valleys=valleys)

# %% [markdown]
# The valleys are not equally deep: vertical residuals are long for steep lines, and the split into training and test data breaks
# the symmetry too. *Persistence* is how far one must climb from the bottom of a valley before one can walk down into a deeper one.
#
# ## Down into one valley, and out into the next
#
# Gradient descent from 45°, learning rate 0.05, a hundred steps, 32-bit numbers as in the published run.

# %%
runs = tw.descend(objective, optax.sgd(0.05), starts=np.pi / 4, steps=100, precision=32)
derailments = tw.find_derailments(runs, valleys)
for derailment in derailments["derailment"].values:
    at = derailments.sel(derailment=derailment)
    left, entered = (derailments.attrs["names"][int(at[side])] for side in ("left", "entered"))
    print(
        f"step {int(at['step'])}: thrown out of {left} into {entered}, {np.degrees(float(at['jump'])):.1f}° in one step"
    )
figures.crown(surface, runs, valleys)

# %% [markdown]
# The crown is the circle of angles with the loss upwards. A line at 36° is the same line at 216°, so the drawn circle meets every
# valley twice.
#
# The run slides into the valley at 36° and has all but settled there. Then it is *derailed*: one step carries it past the other
# side, into the basin of 0°. Look at the gradient. On the floor of a cusp it does not vanish, it grows without bound:
# $\frac{d}{dr}|r|^{1/2} = \frac{1}{2}|r|^{-1/2}$. The nearer the run comes to the floor, the larger the step that throws it out.

# %%
figures.parameter(runs, valleys)

# %%
figures.loss(runs, valleys)

# %% [markdown]
# In the last steps it reaches the floor of the next valley and jitters there. A fixed step can never rest on a cusp.
#
# ## How often, and what helps
#
# One run is an anecdote. Here are 720 starts, evenly spread over the circle, under different optimisers. A run *settles* if at
# the end its loss is above its valley's floor by at most a twentieth of the valley's barrier.

# %%
starts = tw.starts.even(problem, 720)


def outcome(optimizer, target=objective, among=valleys):
    """Share of runs that derailed, and share that settled."""
    runs = tw.descend(target, optimizer, starts=starts, steps=100)
    derailments = tw.find_derailments(runs, among)
    last = tw.locate(runs, among).values[:, -1]
    height = runs["train_loss"].values[:, -1] - among["loss"].values[last]
    settled = height <= 0.05 * among["barrier"].values[last]
    return len(np.unique(derailments["run"].values)) / len(starts), settled.mean()


clip = optax.clip_by_global_norm(0.5)
decay = optax.cosine_decay_schedule(0.05, 100)
optimizers = {
    "plain gradient descent": optax.sgd(0.05),
    "a fifth of the learning rate": optax.sgd(0.01),
    "gradient clipped at 0.5": optax.chain(clip, optax.sgd(0.05)),
    "learning rate decaying to 0": optax.sgd(decay),
    "clipped and decaying": optax.chain(clip, optax.sgd(decay)),
    "Adam": optax.adam(0.05),
}
print(f"{'':32} derailed   settled")
for name, optimizer in optimizers.items():
    derailed, settled = outcome(optimizer)
    print(f"{name:32} {derailed:8.1%}  {settled:8.1%}")

# %% [markdown]
# - **Clipping** bounds the step, and with it how far a run can be thrown: no run leaves a valley whose floor it had reached. But a
#   bounded step that never shrinks still cannot come to rest.
# - **Decay** shrinks the step, but a gradient that grows as fast as the step shrinks can still derail a run while the step is large.
# - **Both together** do what neither does alone.
#
# The third remedy changes the surface instead of the optimiser: **smoothing**, $(r^2+\varepsilon^2)^{1/4}-\varepsilon^{1/2}$, rounds the
# cusps off. It is an explicit choice, since it changes the answer: smooth too much and valleys are gone.

# %%
for epsilon in (0.003, 0.01, 0.03):
    smooth = tw.objective(problem, tw.losses.fourth_root(smoothing=epsilon))
    among = tw.find_valleys(smooth)
    derailed, settled = outcome(optax.sgd(0.05), smooth, among)
    print(
        f"ε = {epsilon:<6} valleys at {', '.join(among.attrs['names']):16} derailed {derailed:6.1%}, settled {settled:6.1%}"
    )

# %% [markdown]
# ## Seen from above, on a surface of two parameters
#
# The same story happens wherever the loss is sublinear. Before the pencil there was one straight line, $y = 3x + 2$ with noise, and the
# quadratic loss: one round valley, and gradient descent walks straight into it.

# %%
line = tw.problems.line()
mean_square = tw.objective(line, tw.losses.quadratic())
walk = tw.descend(mean_square, optax.sgd(0.1), starts=[5.0, 0.0], steps=10, precision=32)
figures.plane(tw.survey(mean_square), walk, tw.find_valleys(mean_square))

# %% [markdown]
# ## To go on
#
# - `thalweg new pencil` writes this experiment as a file to change: more lines, noise, another loss, another optimiser.
# - `thalweg new table` fits a line to two columns of your own.
# - `thalweg new function` sends optimisers down the test surfaces of the literature.
#
# Source: H. F. Wittmann, "Loss surface with multiple valleys", 2019. Barron's general loss, of which the fourth root is a relative:
# J. T. Barron, CVPR 2019, arXiv:1701.03077.
