"""What was saved comes back as it was, by ``tw.load`` and by plain xarray, without a warning."""

import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw
from tests.border import t
from thalweg.base.errors import InvalidData
from thalweg.experiment import directory, experiment, load, results
from thalweg.figures.gallery import gallery

TABLES = {
    "problem": {"kind": "pencil", "points": 10},
    "loss": {"kind": "fourth_root"},
    "descent": {"steps": 12, "starts": [0.7, -0.4], "shadows": True},
    "surface": {"points": 90},
}

PARTS = ("runs", "surface", "valleys", "derailments", "outcomes")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Results as they are in memory, and the folder that they were written to."""
    made = results.perform(experiment.build(TABLES))
    folder = tmp_path_factory.mktemp("saved") / "run"
    with directory.staging(folder) as staged:
        directory.write(made, staged)
    return made, folder


@pytest.mark.parametrize("inside", ["", "results.zarr"])
def test_a_folder_gives_back_the_results(saved, inside):
    made, folder = saved
    again = tw.load(folder / inside)
    assert isinstance(again, tw.Results)
    for name in PARTS:
        xr.testing.assert_identical(getattr(again, name), getattr(made, name))
    assert again.map is None
    assert again.runs["param"].values.tolist() == ["phi"]


def test_verbs_and_figures_take_what_was_loaded(saved):
    made, folder = saved
    again = tw.load(str(folder))
    xr.testing.assert_identical(tw.find_derailments(again.runs, again.valleys), made.derailments)
    xr.testing.assert_identical(tw.find_valleys(again.experiment.objective, again.surface), made.valleys)
    assert [(one.name, one.title, one.caption) for one in gallery(again)] == [
        (one.name, one.title, one.caption) for one in gallery(made)
    ]


@pytest.mark.parametrize("name", PARTS)
def test_plain_xarray_opens_every_part_without_a_warning(saved, name):
    made, folder = saved
    opened = xr.open_zarr(folder / "results.zarr", group=None if name == "runs" else name)
    expected = getattr(made, name)
    assert {key: value for key, value in opened.attrs.items() if key != "done"} == expected.attrs
    for key, values in expected.variables.items():
        np.testing.assert_array_equal(opened[key].values, values.values)
        assert opened[key].attrs == values.attrs
    if name == "runs":
        taken = tw.find_derailments(opened, made.valleys)
        np.testing.assert_array_equal(taken["step"].values, made.derailments["step"].values)


def test_a_streamed_store_is_loaded_and_opened_as_it_was(tmp_path):
    objective = tw.objective(tw.problems.himmelblau())
    held = tw.descend(objective, optax.sgd(0.01), starts=[[0, 0], [1, 2]], steps=5)
    tw.descend(objective, optax.sgd(0.01), starts=[[0, 0], [1, 2]], steps=5, store=tmp_path / "runs")
    xr.testing.assert_identical(tw.load(tmp_path / "runs").load(), held)
    opened = xr.open_zarr(tmp_path / "runs")
    assert opened["param"].values.tolist() == ["x", "y"]
    np.testing.assert_array_equal(opened["params"].values, held["params"].values)
    assert tw.load(tmp_path / "runs").attrs == held.attrs


def test_a_recording_is_loaded_too(tmp_path):
    with tw.networks.record({"w": np.ones(3)}, store=tmp_path / "run") as recorder:
        for loss in (3.0, 2.0):
            recorder.step(loss, {"w": np.full(3, loss)})
        recorder.finish({"w": np.zeros(3)})
    assert tw.load(tmp_path / "run")["loss"].values[:2].tolist() == [3.0, 2.0]
    assert xr.open_zarr(tmp_path / "run")["params"].values[:, 1].tolist() == [3.0, 2.0, 0.0]


def one_valley():
    return tw.find_valleys(tw.objective(tw.problems.function(lambda p: p[0] ** 2, tw.problems.Axis("x", -1, 2))))


def sliced(made, kind, *rest, **options):
    return tw.networks.slice(
        made.network, getattr(tw.networks.directions, kind)(made.network, *rest, **options), points=3
    )


NETWORKS = {
    # Every verb, and every kind of direction, one alone and two.
    **{
        f"slice {kind} {count}": lambda t, kind=kind, count=count: sliced(t, kind, count=count)
        for kind in ("gaussian", "orthonormal", "filter_normalised", "hessian")
        for count in (1, 2)
    },
    "slice principal": lambda t: sliced(t, "principal", t.recording, count=1),
    "slice between": lambda t: sliced(t, "between", t.here, t.there),
    "slice given": lambda t: sliced(t, "given", t.there),
    "project": lambda t: tw.networks.project(t.network, t.plane, t.recording),
    "interpolate": lambda t: tw.networks.interpolate(t.network, t.here, t.there, points=3),
    "connect": lambda t: tw.networks.connect(t.network, t.here, t.there, steps=2),
    "curvature": lambda t: tw.networks.curvature(t.network, count=1, lowest=True),
    "curvature along": lambda t: tw.networks.curvature(t.network, t.recording, count=1, probes=0),
    "trace": lambda t: tw.networks.curvature(t.network, count=0, probes=tw.networks.Probes(2, order=1)),
}

DATASETS = {
    **{name: lambda name=name: getattr(t(), name) for name in ("runs", "surface", "valleys", "derailments", "slice")},
    **{name: lambda name=name: getattr(t(), name) for name in ("curve", "recording", "hill_valleys", "hill_ends")},
    **{name: lambda name=name: getattr(t(), name) for name in ("chart", "race", "diagram", "compared", "curvature")},
    "one_valley": one_valley,
    "locate": lambda: tw.locate(t().runs, t().valleys).to_dataset(),
    "outcomes": lambda: tw.outcomes(t().objective, t().descent, t().valleys, starts=[0.1, 0.7]),
    "ragged": lambda: tw.descend(
        t().objective,
        tw.Descent(tw.Optimizer(optax.sgd, learning_rate=[0.1, 0.2]), 3, tw.Minibatch([3, 5])),
        starts=[0.1, 0.7],
    ),
    "compare_basins": lambda: tw.compare_basins(
        tw.descend(t().hill, t().descent, starts=t().hill_ends["start_position"].values), t().hill_ends
    ),
    **{f"networks {name}": lambda name=name: NETWORKS[name](t()) for name in NETWORKS},
    "paths": lambda: tw.find_paths(t().hill, t().hill_valleys, [(0, 1)]),
    "fixed": lambda: tw.survey(tw.objective(tw.problems.rastrigin(4)).fix(x2=0.0, x3=0.0, x4=1.0), points=9),
}


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_goes_to_netcdf_and_back(name, tmp_path):
    dataset = DATASETS[name]()
    for attrs in (dataset.attrs, *(variable.attrs for variable in dataset.variables.values())):
        for value in attrs.values():
            kinds = {type(item) for item in value} if isinstance(value, list) else {type(value)}
            assert kinds in ({str}, {int}, {float}, set()), attrs
    lone = {key for key, value in dataset.attrs.items() if isinstance(value, list)}
    assert lone <= load.LISTS | {"optimizer", "minibatch_size"}  # a ragged size has more than one
    dataset.to_netcdf(tmp_path / "one.nc", engine="h5netcdf")
    again = tw.load(tmp_path / "one.nc")
    xr.testing.assert_identical(again, dataset)
    assert {key: type(value) for key, value in again.attrs.items()} == {
        key: type(value) for key, value in dataset.attrs.items()
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_what_verbs_on_networks_return_needs_no_further_package_for_netcdf(name, tmp_path):
    dataset = NETWORKS[name](t())
    dataset.to_netcdf(tmp_path / "one.nc", engine="scipy")
    again = xr.load_dataset(tmp_path / "one.nc", engine="scipy")
    xr.testing.assert_equal(again, dataset)
    for key, value in dataset.attrs.items():
        np.testing.assert_array_equal(np.atleast_1d(again.attrs[key]), np.atleast_1d(value))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda place: None, "is not there; give a folder that thalweg wrote"),
        (lambda place: place.mkdir(), "holds nothing that was saved; give a folder"),
        (
            lambda place: place.write_text("a,b\n1,2\n"),
            "it is no netCDF file, or h5netcdf is not installed; .* thalweg.netcdf.",
        ),
        (lambda place: place.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40)), "cannot read .*"),
        (
            lambda place: xr.Dataset({"a": ("x", [1.0])}).to_zarr(place, zarr_format=3, consolidated=False),
            "was not finished",
        ),
    ],
)
def test_what_was_not_saved_by_us_is_refused_in_one_line(make, words, tmp_path):
    make(tmp_path / "place")
    with pytest.raises(InvalidData, match=words) as refusal:
        tw.load(tmp_path / "place")
    assert "\n" not in str(refusal.value)
