import numpy as np

from thalweg.valleys import derailments


def test_only_a_step_on_a_floor_into_another_valley_is_a_derailment():
    valleys = np.array([[0, 0, 1, 1, -1, 1, 0]])
    #        far    floor  far   floor        floor
    losses = np.array([[0.9, 0.1, 0.9, 0.55, 0.0, 0.5, 0.2]])
    depths, barriers = np.array([0.0, 0.5]), np.array([1.0, 0.4])
    floor = derailments.on_floor(valleys, losses, derailments.levels(depths, barriers, share=0.25))
    assert floor.tolist() == [[False, True, False, True, False, True, True]]
    left = derailments.find(valleys, floor)
    # Step 3 leaves for no valley at all, which is no derailment.
    assert left.step.tolist() == [1, 5]
    assert left.left.tolist() == [0, 1]
    assert left.entered.tolist() == [1, 0]


def test_no_valleys_no_floor():
    floor = derailments.on_floor(np.full((2, 3), -1), np.zeros((2, 3)), np.zeros(0))
    assert not floor.any()


def test_a_valley_without_a_way_out_is_measured_by_the_relief():
    levels = derailments.levels(np.array([1.0, 2.0]), np.array([np.inf, 4.0]), 0.25, relief=2.0)
    assert levels.tolist() == [1 + 0.25 * 0.01 * 2, 3.0]
