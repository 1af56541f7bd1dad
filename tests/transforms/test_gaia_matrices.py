"""The template's preprocessings against what Gaia 2.4.6 made of the same merged data, bit for bit."""

import json

import numpy as np
import pytest
from transform_tables import assert_same_table, gaia_table, same_bits
from transform_templates import TEMPLATE

from fastgrid.descriptors.table import Kind
from fastgrid.transforms.chain import Chain, build_chain


@pytest.fixture(scope="module", params=sorted(TEMPLATE))
def fitted(request, gaia_matrices):
    merged = gaia_table(gaia_matrices, "merged")
    chain = build_chain(TEMPLATE[request.param])
    return request.param, chain, merged, chain.fit_transform(merged)


def test_real_values_have_gaias_bits(fitted, gaia_matrices):
    name, _, _, result = fitted
    enumerated = np.repeat([d.kind is Kind.ENUMERATED for d in result.numeric], [d.length for d in result.numeric])
    columns = [column for column, is_text in zip(result.dimension_names, enumerated, strict=True) if not is_text]
    assert columns == gaia_matrices[f"{name}/columns"].tolist()
    assert same_bits(np.ascontiguousarray(result.values[:, ~enumerated]), gaia_matrices[f"{name}/values"])


def test_numbers_stand_for_gaias_texts(fitted, gaia_matrices):
    name, chain, _, result = fitted
    expected = dict(
        zip(gaia_matrices[f"{name}/text_columns"].tolist(), gaia_matrices[f"{name}/text_values"].T, strict=True)
    )
    texts = chain.steps[1][1].texts_ if name != "raw" else {}
    found = {f"{d.name}[0]": result.text[:, result.columns[d.name].start] for d in result.textual}
    for d in result.numeric:
        if d.kind is Kind.ENUMERATED:
            numbers = result.values[:, result.columns[d.name].start].astype(int)
            found[f"{d.name}[0]"] = np.array(texts[d.name])[numbers]
            first_seen = list(dict.fromkeys(numbers.tolist()))
            assert first_seen == list(range(len(first_seen)))
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[column], expected[column]) for column in expected)


def test_every_step_accounts_for_itself(fitted):
    _, chain, _, _ = fitted
    assert chain.left_out_ == {}
    # Gaia's cleaner removed the first while merging, so that the pattern of the template has nothing to match.
    assert set(chain.unmatched_) <= {"remove: lowlevel.spectral_energyband_high.*", "remove: tonal.thpcp"}


def test_saved_chain_has_the_same_bits(fitted):
    _, chain, merged, result = fitted
    description, arrays = chain.to_state()
    again = Chain.from_state(json.loads(json.dumps(description)), arrays)
    assert_same_table(again.transform(merged), result)


def test_a_few_items_and_descriptors_suffice_for_prediction(fitted):
    _, chain, merged, result = fitted
    used = [d.name for d in result.descriptors][::7]
    rows = [3, 17, 42]
    assert_same_table(chain.transform(merged.keep(used).rows(rows)), result.keep(used).rows(rows))
