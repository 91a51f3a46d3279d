"""The verb ``find_paths``: how one gets from one minimum to another while climbing as little as possible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.losses.objective import Objective
from thalweg.store.kinds import Valleys
from thalweg.store.parameters import same_parameters
from thalweg.study.find_valleys import domain_of_valleys
from thalweg.study.provenance import provenance
from thalweg.valleys.starts import band


@public
def find_paths(objective: Objective, valleys: Valleys, between: Sequence[tuple[int, int]]) -> xr.Dataset:
    """Find minimum-energy paths between chosen minima, and the barriers on them, with nudged elastic bands.

    On a circle a path takes the shortest way round. A path may run through a third minimum.

    Parameters
    ----------
    objective : whose valleys they are
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    between : pairs of numbers of valleys, one or more

    Returns
    -------
    xarray.Dataset
        Valleys by number are the coordinates ``from`` and ``to`` over pair, their names in the attribute ``names``.

        ============= ================== =============== =================================================
        variable      dims               unit            meaning
        ============= ================== =============== =================================================
        path          pair, image, param parameters      from the first valley to the second; circles are
                                                         not wrapped
        loss          pair, image        loss            along it
        barrier       pair               loss            of the highest place above the first valley
        pass_loss     pair               loss            at that place
        pass_position pair, param        parameters      of that place
        force         pair               loss an axis    what is left across the path
        converged     pair               0 or 1          whether that is small and the place is a pass; else
                                                         the pass may lie lower
        ============= ================== =============== =================================================

    Raises
    ------
    InvalidValue
        If a number is not that of a valley, or a pair is not of two different valleys.

    References
    ----------
    G. Henkelman, B. P. Uberuaga, H. Jónsson, "A climbing image nudged elastic band method for finding saddle points and
    minimum energy paths", The Journal of Chemical Physics 113, 9901–9904, 2000, doi:10.1063/1.1329672.

    Examples
    --------
    >>> import thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> valleys = tw.find_valleys(objective)
    >>> order = sorted(range(4), key=lambda k: valleys["position"].values[k].tolist())
    >>> paths = tw.find_paths(objective, valleys, [(order[2], order[3])])
    >>> round(float(paths["pass_loss"][0]), 6), int(paths["converged"][0])
    (13.311926, 1)
    """
    same_parameters("valleys", valleys, "the objective is", objective.problem.parameters)
    pairs = _pairs(between, valleys.sizes["valley"])
    domain = domain_of_valleys(valleys)
    ends = band.ends(valleys["position"].values, pairs, domain)
    bands = band.relax(objective.example, objective.train, domain=domain, ends=ends)
    return xr.Dataset(
        {
            "path": (("pair", "image", "param"), bands.path),
            "loss": (("pair", "image"), bands.heights),
            "barrier": ("pair", bands.height - bands.heights[:, 0]),
            "pass_loss": ("pair", bands.height),
            "pass_position": (("pair", "param"), bands.place),
            "force": ("pair", bands.force),
            "converged": ("pair", bands.converged.astype(np.int8)),
        },
        coords={
            "from": ("pair", pairs[:, 0]),
            "to": ("pair", pairs[:, 1]),
            "param": valleys["param"].values.tolist(),
        },
        attrs=provenance(objective, 64) | {"method": "nudged elastic band", "names": valleys.attrs["names"]},
    )


def _pairs(between: Sequence[tuple[int, int]], valleys: int) -> np.ndarray:
    if not len(between):
        raise InvalidValue("between = [] holds no pair; give pairs of numbers of valleys, such as [(0, 1)]")
    for pair in between:
        if pair[0] == pair[1]:
            raise InvalidValue(f"between holds {tuple(pair)!r}; give the numbers of two different valleys")
        for valley in pair:
            whole("a valley in between", valley, at_least=0, at_most=valleys - 1)
    return np.array(between, dtype=np.int64)
