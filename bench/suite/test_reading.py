"""Reading the bundled descriptor files, JSON and YAML, beside what the parsers alone take."""

from __future__ import annotations

import json

import pytest
import yaml

from fastgrid.descriptors import read_collection


@pytest.fixture(scope="module")
def yaml_files(descriptor_files, tmp_path_factory):
    """The first five of the files as YAML, as Gaia's converters write them."""
    directory, found = tmp_path_factory.mktemp("yaml"), {}
    for name, path in list(descriptor_files.items())[:5]:
        found[name] = directory / f"{path.stem}.sig"
        found[name].write_text(yaml.safe_dump(json.loads(path.read_text())))
    return found


def test_json(benchmark, descriptor_files):
    benchmark.group = "descriptor files, JSON"
    benchmark(read_collection, descriptor_files)
    benchmark.extra_info["files"] = len(descriptor_files)


def test_json_load(benchmark, descriptor_files):
    benchmark.group = "descriptor files, JSON"
    benchmark(lambda: [json.loads(path.read_bytes()) for path in descriptor_files.values()])


def test_json_from_the_cache(benchmark, descriptor_files, tmp_path):
    benchmark.group = "descriptor files, JSON"
    read_collection(descriptor_files, cache=tmp_path / "cache")
    benchmark(read_collection, descriptor_files, cache=tmp_path / "cache")


def test_yaml(benchmark, yaml_files):
    benchmark.group = "descriptor files, YAML"
    benchmark.pedantic(read_collection, (yaml_files,), rounds=3, warmup_rounds=1)
    benchmark.extra_info["files"] = len(yaml_files)


def test_yaml_load(benchmark, yaml_files):
    benchmark.group = "descriptor files, YAML"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    benchmark.pedantic(
        lambda: [yaml.load(path.read_text(), loader) for path in yaml_files.values()], rounds=3, warmup_rounds=1
    )
