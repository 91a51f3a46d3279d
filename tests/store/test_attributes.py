import numpy as np
import xarray as xr

from thalweg.store.attributes import storable

FACTS = {
    **{"mode": "training", "exact": True, "nothing": None, "count": np.int64(3), "rate": np.float32(0.5)},
    **{"names": ("a", "b"), "norms": np.array([1.0, 2.0]), "nested": [[1, 2], [3, 4]], "rule": {"beta": 0.9}},
    **{"kind": np.dtype(np.float32), "mixed": ["a", 1]},
}


def test_facts_become_texts_numbers_and_flat_lists():
    assert storable(FACTS) == {
        **{"network_mode": "training", "exact": 1, "count": 3, "rate": 0.5},
        **{"names": ["a", "b"], "norms": [1.0, 2.0], "nested": ["[1, 2]", "[3, 4]"], "rule": "beta: 0.9"},
        **{"kind": "float32", "mixed": ["a", "1"]},
    }
    assert type(storable(FACTS)["count"]) is int


def test_every_format_takes_them(tmp_path):
    dataset = xr.Dataset({"loss": ("x", [1.0, 2.0])}, attrs=storable(FACTS))
    dataset.to_netcdf(tmp_path / "one.nc", engine="h5netcdf")
    dataset.to_zarr(tmp_path / "one.zarr", consolidated=False)
    for again in (xr.load_dataset(tmp_path / "one.nc"), xr.open_zarr(tmp_path / "one.zarr", consolidated=False)):
        assert again.attrs["network_mode"] == "training"
        assert list(again.attrs["norms"]) == [1, 2]


def test_what_xarray_writes_without_further_packages_takes_a_networks_mode(tmp_path):
    dataset = xr.Dataset({"loss": ("x", [1.0, 2.0])}, attrs=storable({"mode": "training", "exact": True}))
    dataset.to_netcdf(tmp_path / "one.nc", engine="scipy")
    assert xr.load_dataset(tmp_path / "one.nc", engine="scipy").identical(dataset)
