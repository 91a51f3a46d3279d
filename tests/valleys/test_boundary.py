"""Entropy and dimension of boundaries whose truth is known: lines, curves, carpets, noise, Newton's method.

The file is long because there is a boundary whose truth is known for each way in which one can be measured wrongly.
"""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom
from scipy.stats import entropy as gibbs

from thalweg.base.errors import InvalidValue
from thalweg.valleys.boundary import LOG2, basin_entropy, boundary_dimension, uncertainty_exponent

KOCH, CARPET, GASKET = np.log(4) / np.log(3), np.log(8) / np.log(3), np.log(3) / np.log(2)
SIDES = (64, 128, 256, 512)


def halves(side, tilt=0.0, offset=0.0):
    """Two halves with a straight boundary, turned and shifted from the middle."""
    row, column = np.indices((side, side)) - (side - 1) / 2
    return (np.cos(tilt) * column + np.sin(tilt) * row > offset * side).astype(np.int16)


def disc(side, radius):
    row, column = np.indices((side, side)) - (side - 1) / 2
    return (np.hypot(row, column) < radius * side).astype(np.int16)


def noise(side, kinds, seed):
    return np.random.default_rng(seed).integers(0, kinds, (side, side)).astype(np.int16)


def snowflake(side, tilt):
    """Koch's snowflake, refined below a pixel: a pixel is inside if an odd number of edges lies left of it."""
    corner = 0.42 * side * np.exp(1j * (tilt + 2 * np.pi * np.arange(4) / 3))
    for _ in range(int(np.log(side) / np.log(3)) + 2):
        begin, third = corner[:-1], np.diff(corner) / 3
        tip = begin + third * (1 + np.exp(-1j * np.pi / 3))
        parts = np.stack([begin, begin + third, tip, begin + 2 * third], axis=1)
        corner = np.append(parts.ravel(), corner[-1])
    x, y = corner.real + side / 2, corner.imag + side / 2
    # Edges shorter than a pixel cross one row at most, where y passes a whole number.
    assert abs(np.diff(corner)).max() < 1
    edge = np.flatnonzero(np.ceil(y[1:]) != np.ceil(y[:-1]))
    row = np.minimum(np.ceil(y[1:]), np.ceil(y[:-1]))[edge]
    along = (row - y[edge]) / (y[edge + 1] - y[edge])
    column = np.ceil(x[edge] + along * (x[edge + 1] - x[edge]))
    crossings = np.zeros((side, side + 1), dtype=np.int16)
    np.add.at(crossings, (row.astype(int), column.astype(int)), 1)
    return (crossings.cumsum(axis=1)[:, :side] % 2).astype(np.int16)


def holes(base, levels):
    """Sierpinski's carpet (base 3) or gasket (base 2): an outcome for each size of hole, and one for what is left."""
    row, column = np.indices((base**levels, base**levels))
    outcomes = np.zeros(row.shape, dtype=np.int16)
    for level in range(levels):
        hole = (row // base**level % base == 1) & (column // base**level % base == 1)
        outcomes[hole] = levels - level
    return outcomes


def newton(side, centre=0j, width=2.0):
    """Which cube root of one Newton's method finds."""
    along = np.linspace(-width, width, side)
    # Off the axis by a hair, since the method fails at 0.
    z = centre + along + 1j * along[:, None] + 1e-9
    for _ in range(60):
        z = z - (z**3 - 1) / (3 * z**2)
    return np.abs(z[..., None] - np.exp(2j * np.pi * np.arange(3) / 3)).argmin(axis=-1).astype(np.int16)


def grebogi(side):
    """Basins of the map of Grebogi, McDonald, Ott and Yorke (1983): which of θ = 0 and θ = π a start comes to."""
    theta = np.tile(np.linspace(0, 2 * np.pi, side), (side, 1))
    x = np.tile(np.linspace(-0.5, 0.5, side)[:, None], (1, side))
    for _ in range(300):
        turn = theta + 1.32 * np.sin(2 * theta) - 0.9 * np.sin(4 * theta) - x * np.sin(theta)
        theta, x = turn % (2 * np.pi), -0.3 * np.cos(theta)
    return (np.cos(theta) > 0).astype(np.int16)


CURVES = {
    **{
        f"line {side} {tilt}": (halves(side, tilt, 0.1), 1.0)
        for side in SIDES
        for tilt in (0, 0.1, 0.3, np.pi / 4, 1.2)
    },
    **{f"circle {side} {radius}": (disc(side, radius), 1.0) for side in SIDES for radius in (0.2, 0.35, 0.45)},
    **{f"snowflake {side} {tilt}": (snowflake(side, tilt), KOCH) for side in SIDES for tilt in (0, 0.2, 0.5)},
}
FIELDS = {
    **{f"carpet {levels}": (holes(3, levels), CARPET) for levels in (4, 5, 6)},
    **{f"gasket {levels}": (holes(2, levels), GASKET) for levels in (6, 7, 8, 9)},
    **{f"noise {side} {kinds}": (noise(side, kinds, 1), 2.0) for side in SIDES for kinds in (2, 5)},
}


@pytest.mark.parametrize("measure", [boundary_dimension, uncertainty_exponent])
@pytest.mark.parametrize(("outcomes", "truth"), CURVES.values(), ids=CURVES)
def test_dimension_of_curves_lies_within_its_error(measure, outcomes, truth):
    found = measure(outcomes)
    # The largest seen is 1.4 errors; 1e-9 is for lines along the pixels, whose slopes and errors are exact to rounding.
    assert abs(found.dimension - truth) < 2 * found.error + 1e-9
    assert found.exponent == pytest.approx(2 - found.dimension, abs=1e-15)


@pytest.mark.parametrize("measure", [boundary_dimension, uncertainty_exponent])
@pytest.mark.parametrize(("outcomes", "truth"), FIELDS.values(), ids=FIELDS)
def test_dimension_of_carpets_and_noise_lies_within_its_error(measure, outcomes, truth):
    found = measure(outcomes)
    # The largest seen is 1.9 errors, of the smallest gasket; 1e-4 is for boxes of 4 × 4 pixels of noise in two kinds
    # that are all alike, 2^-15, where the error from the other scales is that small too.
    assert abs(found.dimension - truth) < 2.5 * found.error + 1e-4


@pytest.mark.parametrize("tilt", [0, 0.2, 0.5])
def test_small_scales_that_miss_thin_tongues_count_for_less(tilt):
    # 0.019 low, as measured; with each scale weighted by its count alone it would be 0.029.
    assert boundary_dimension(snowflake(1024, tilt)).dimension == pytest.approx(KOCH, abs=0.024)


def test_errors_are_small_enough_to_tell_a_fractal_from_a_curve():
    for outcomes, truth in ((snowflake(512, 0.2), KOCH), (holes(2, 9), GASKET), (newton(512), 1.444)):
        found = boundary_dimension(outcomes)
        assert found.dimension - 3 * found.error > 1
        assert found.error < 0.15 * truth / KOCH
    assert boundary_dimension(disc(512, 0.35)).error < 0.02


def test_a_line_along_the_pixels_is_counted_without_error():
    found = boundary_dimension(halves(200))
    np.testing.assert_allclose(found.counts, 199 / found.scales, rtol=1e-14)
    assert found.dimension == pytest.approx(1, abs=1e-13)
    pairs = uncertainty_exponent(halves(200))
    # Of 200 pixels in a row, those within the distance of the line have one neighbour of four beyond it, on either side.
    np.testing.assert_allclose(pairs.shares, pairs.scales / 400, rtol=1e-14)


@pytest.mark.parametrize("tilt", [0.1, 0.3, np.pi / 4, 1.2])
def test_a_tilted_line_is_counted_without_bias_at_small_scales(tilt):
    found = boundary_dimension(halves(1024, tilt))
    local = -np.diff(np.log(found.counts)) / np.diff(np.log(found.scales))
    # A box near the ends of the line is cut off by the edge of the image: s / 1024 of all, below 1 % up to side 9.
    np.testing.assert_allclose(local[found.scales[1:] <= 9], 1, atol=0.01)


def test_counts_are_those_of_boxes_laid_around_every_place():
    outcomes = newton(64)
    found = boundary_dimension(outcomes)
    for scale, count in zip(found.scales, found.counts, strict=True):
        radius = scale // 2
        mixed = 0
        for row in range(63):
            for column in range(63):
                box = outcomes[max(row - radius, 0) : row + radius + 2, max(column - radius, 0) : column + radius + 2]
                mixed += box.min() != box.max()
        # One division.
        assert count == pytest.approx(mixed / scale**2, rel=1e-14)
    np.testing.assert_allclose(found.shares, found.counts * found.scales**2 / 63**2, rtol=1e-14)


def test_shares_are_those_of_pairs_at_each_distance():
    outcomes = noise(66, 3, 4)[:, :64]
    found = uncertainty_exponent(outcomes)
    for distance, share in zip(found.scales, found.shares, strict=True):
        folded = np.pad(outcomes, distance, mode="reflect")
        shifts = [(0, distance), (2 * distance, distance), (distance, 0), (distance, 2 * distance)]
        pairs = [folded[down : down + 66, across : across + 64] != outcomes for down, across in shifts]
        assert share == pytest.approx(np.mean(pairs), rel=1e-14)


def bowen(start, levels=10):
    """Dimension of the boundary of Newton's basins by Bowen's formula, from the derivatives over all past points.

    The dimension is the power s at which the sum of |derivative|^-s over the points that come to ``start`` in n steps
    neither grows nor falls with n (R. Bowen, Publications mathématiques de l'IHÉS 50, 1979, doi:10.1007/BF02684767;
    C. McMullen, American Journal of Mathematics 120, 1998, doi:10.1353/ajm.1998.0031), on the sphere. Its limit
    in n is extrapolated from the last three (Aitken).
    """
    points, stretch, found = np.array([start]), np.zeros(1), []
    for level in range(levels):
        companion = np.zeros((len(points), 3, 3), dtype=complex)
        companion[:, 0, 0], companion[:, 0, 2] = 1.5 * points, -0.5
        companion[:, 1, 0] = companion[:, 2, 1] = 1
        before = np.linalg.eigvals(companion)
        flat = np.abs(2 * (before**3 - 1) / (3 * before**3))
        sphere = (1 + np.abs(before) ** 2) / (1 + np.abs(points[:, None]) ** 2)
        longer = (stretch[:, None] + np.log(flat * sphere)).ravel()
        if level >= levels - 3:
            found.append(
                brentq(lambda s, a=stretch, b=longer: np.log(np.exp(-s * b).sum() / np.exp(-s * a).sum()), 1.05, 1.95)
            )
        points, stretch = before.ravel(), longer
    first, second, third = found
    return third - (third - second) ** 2 / (third - 2 * second + first)


def test_dimension_of_newtons_basins_is_that_of_bowens_formula():
    truth = bowen(-2.3 + 0.2j)
    # 14 levels from either side give 1.4444 to four digits; ten from two starts differ by less than 0.001.
    assert truth == pytest.approx(bowen(0.37 + 1.1j), abs=1e-3)
    assert truth == pytest.approx(1.4444, abs=1e-3)
    for outcomes in (newton(512), newton(512, width=1.0), newton(300, centre=-0.8, width=0.6), newton(128)):
        for found in (boundary_dimension(outcomes), uncertainty_exponent(outcomes)):
            # The largest seen is 1.2 errors.
            assert abs(found.dimension - truth) < 2 * found.error
    # The pairs have hardly any bias: three digits at 512 pixels.
    assert uncertainty_exponent(newton(512)).dimension == pytest.approx(truth, abs=0.02)


def test_the_map_of_grebogi_and_others_has_the_exponent_they_published():
    outcomes = grebogi(300)
    # Published 1983: about 0.2, and a dimension of about 1.8, from far smaller distances.
    found = uncertainty_exponent(outcomes)
    assert found.exponent == pytest.approx(0.2, abs=0.02)
    assert boundary_dimension(outcomes).dimension == pytest.approx(1.8, abs=0.02)


def test_the_map_of_grebogi_and_others_has_the_entropy_that_others_compute():
    # Attractors.jl holds its own to 0.40–0.42 and 0.60–0.61, on the same 300 × 300 starts in boxes of 6 × 6.
    found = basin_entropy(grebogi(300), box=6)
    assert 0.40 <= found.entropy <= 0.42
    assert 0.60 <= found.boundary <= 0.61


def test_a_chequerboard_fills_the_plane_for_boxes_and_is_in_step_with_pairs():
    outcomes = (np.indices((100, 90)).sum(axis=0) % 2).astype(np.int16)
    assert boundary_dimension(outcomes).dimension == pytest.approx(2, abs=1e-13)
    # At even distances no pair differs: no power law, so no number.
    assert np.isnan(uncertainty_exponent(outcomes).exponent)


@pytest.mark.parametrize("measure", [boundary_dimension, uncertainty_exponent])
def test_without_a_boundary_there_is_no_dimension(measure):
    found = measure(np.full((64, 64), 7, dtype=np.int16))
    assert np.isnan([found.dimension, found.exponent, found.error]).all()


@pytest.mark.parametrize("measure", [boundary_dimension, uncertainty_exponent])
def test_where_one_tile_holds_the_boundary_its_error_is_unknown(measure):
    outcomes = np.zeros((600, 600), dtype=np.int16)
    outcomes[140:160, 140:160] = 1
    # Boxes and pairs from other tiles reach it at large scales only; in the smallest, leaving its tile out leaves none.
    found = measure(outcomes)
    assert np.isfinite(found.dimension)
    assert np.isnan(found.error)


@pytest.mark.parametrize("measure", [boundary_dimension, uncertainty_exponent])
def test_neither_names_of_outcomes_nor_flips_nor_turns_matter(measure):
    outcomes = newton(100, centre=0.3 + 0.1j)[:, :91]
    expected = measure(outcomes)
    # Not the same number of pixels in each tile from either end: the error may change a little, the slope may not.
    for other in (np.array([-2, 30000, 7], dtype=np.int16)[outcomes], outcomes[::-1], outcomes[:, ::-1], outcomes.T):
        found = measure(other)
        assert found.dimension == pytest.approx(expected.dimension, abs=1e-12)
        assert found.error == pytest.approx(expected.error, rel=0.1)


def test_rows_and_columns_are_not_mixed_up():
    wide = np.zeros((70, 300), dtype=np.int16)
    wide[:, 100:] = 1
    np.testing.assert_allclose(boundary_dimension(wide).counts * boundary_dimension(wide).scales, 69, rtol=1e-14)
    assert basin_entropy(wide, box=7).boundary_boxes == 10


def test_entropies_are_those_of_scipy():
    outcomes = newton(66, width=1.5)[:, :61]
    found = basin_entropy(outcomes, box=4)
    boxes = [outcomes[row : row + 4, column : column + 4] for row in range(0, 64, 4) for column in range(0, 60, 4)]
    expected = np.array([gibbs(np.unique(box, return_counts=True)[1]) for box in boxes])
    mixed = expected > 1e-9
    # Sums of 240 numbers.
    assert found.entropy == pytest.approx(expected.mean(), abs=1e-13)
    assert found.boundary == pytest.approx(expected[mixed].mean(), abs=1e-13)
    assert (found.boxes, found.boundary_boxes, found.box) == (240, mixed.sum(), 4)


def test_halves_have_the_entropy_of_the_boxes_on_the_line():
    outcomes = np.zeros((60, 100), dtype=np.int16)
    outcomes[:, 52:] = 1
    found = basin_entropy(outcomes)
    cut = gibbs([2, 3])
    assert (found.boxes, found.boundary_boxes) == (240, 12)
    assert found.boundary == pytest.approx(cut, abs=1e-14)
    assert found.entropy == pytest.approx(cut / 20, abs=1e-14)
    # All boxes on the line are alike.
    assert found.boundary_error == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("kinds", [2, 3, 7])
def test_noise_has_the_entropy_of_a_finite_box(kinds):
    counts = np.arange(1, 26)
    share = counts / 25
    expected = -kinds * (binom.pmf(counts, 25, 1 / kinds) * share * np.log(share)).sum()
    found = basin_entropy(noise(600, kinds, kinds))
    # Three errors: one case in 370 by chance, and these seeds are not it.
    assert abs(found.entropy - expected) < 3 * found.entropy_error
    # 14 400 boxes: the spread of one is below 0.1.
    assert 0 < found.entropy_error < 0.1 / 120 * 1.5
    assert expected < np.log(kinds)


@pytest.mark.parametrize("patch", [1, 12])
def test_errors_of_entropy_are_the_spread_over_repeats_even_for_patches_larger_than_a_box(patch):
    repeats = [
        basin_entropy(np.kron(noise(300 // patch, 3, seed), np.ones((patch, patch), dtype=np.int16)))
        for seed in range(60)
    ]
    for value, error in (("entropy", "entropy_error"), ("boundary", "boundary_error")):
        spread = np.std([getattr(each, value) for each in repeats], ddof=1)
        stated = np.sqrt(np.mean([getattr(each, error) ** 2 for each in repeats]))
        # A spread from 60 repeats is known to 9 %, four of those; and tiles of 50 pixels cut patches of 12.
        assert stated == pytest.approx(spread, rel=0.4)


def test_entropy_does_not_depend_on_the_names_of_outcomes():
    outcomes = newton(90)
    found, other = basin_entropy(outcomes), basin_entropy(np.array([30000, -2, 0], dtype=np.int64)[outcomes])
    # The same terms, summed in another order.
    np.testing.assert_allclose(other, found, rtol=1e-12)


def test_the_criterion_tells_newtons_basins_from_three_sectors():
    row, column = np.indices((300, 300)) - 149.3
    sectors = np.floor((np.arctan2(row, column) / (2 * np.pi) + 0.5) * 2.999).astype(np.int16)
    assert basin_entropy(newton(300)).fractal
    assert not basin_entropy(sectors).fractal
    assert basin_entropy(sectors).boundary < LOG2


def test_where_one_tile_holds_the_boundary_the_error_of_its_entropy_is_unknown():
    outcomes = np.zeros((120, 120), dtype=np.int16)
    outcomes[22:38, 22:38] = noise(16, 3, 0)
    found = basin_entropy(outcomes)
    assert np.isfinite([found.entropy, found.entropy_error, found.boundary]).all()
    assert np.isnan(found.boundary_error)
    assert not found.fractal


def test_the_criterion_asks_for_two_errors_to_spare():
    found = basin_entropy(newton(100))
    assert found._replace(boundary=LOG2 + 0.021, boundary_error=0.01).fractal
    assert not found._replace(boundary=LOG2 + 0.019, boundary_error=0.01).fractal


def test_two_outcomes_never_meet_the_criterion():
    assert not basin_entropy(noise(300, 2, 0), box=20).fractal


def test_without_a_boundary_its_entropy_is_unknown():
    found = basin_entropy(np.zeros((40, 40), dtype=np.int16))
    assert (found.entropy, found.entropy_error, found.boundary_boxes) == (0.0, 0.0, 0)
    assert np.isnan([found.boundary, found.boundary_error]).all()
    assert not found.fractal


@pytest.mark.parametrize("measure", [boundary_dimension, uncertainty_exponent])
def test_too_small_a_map_is_refused(measure):
    message = "outcomes of 63 × 200 pixels are too few to fit a dimension; give at least 64 × 64"
    with pytest.raises(InvalidValue, match=message):
        measure(np.zeros((63, 200), dtype=np.int16))


def test_too_few_boxes_are_refused():
    with pytest.raises(
        InvalidValue, match="outcomes of 50 × 29 pixels are too few for boxes of 5 pixels; give at least 30 × 30"
    ):
        basin_entropy(np.zeros((50, 29), dtype=np.int16))


def test_a_box_of_one_pixel_is_refused():
    with pytest.raises(InvalidValue, match="box = 1 is not allowed; give a whole number of at least 2"):
        basin_entropy(np.zeros((50, 50), dtype=np.int16), box=1)


def test_large_maps_are_measured_in_bands():
    # Three bands of a million pixels; every band holds the same boxes.
    tile = noise(100, 4, 3)
    once, often = basin_entropy(tile), basin_entropy(np.tile(tile, (22, 12)))
    assert often.entropy == pytest.approx(once.entropy, abs=1e-12)
    assert often.boundary == pytest.approx(once.boundary, abs=1e-12)
