"""From the descriptors of a file to the scaled features that the classifier sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastgrid.common.errors import UserError, one_line
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind
from fastgrid.descriptors.validity import numeric_columns
from fastgrid.transforms.chain import Chain, build_chain
from fastgrid.transforms.features import trainable
from fastgrid.transforms.scaling import Scaling, fit_scaling


@dataclass(frozen=True, eq=False)
class FeatureExtraction:
    """The fitted preprocessing of a model.

    Attributes
    ----------
    required : tuple of Descriptor
        What it needs of a descriptor file, sorted by name, as the files hold it: `Kind.TEXT` for text that gets
        numbered.
    chain : Chain
        The preprocessing steps, fitted on the required descriptors only.
    scaling : Scaling
        Of the chain's dimensions.
    """

    required: tuple[Descriptor, ...]
    chain: Chain
    scaling: Scaling

    def extract(self, table: DescriptorTable) -> npt.NDArray[np.float32]:
        """Return the features of every item.

        Parameters
        ----------
        table : DescriptorTable
            With the required descriptors; others do not matter.

        Returns
        -------
        ndarray of float32, shape (n_items, n_features)
            Not finite where the values are not, or lie too far outside the training data for float32.

        Raises
        ------
        UserError
            When a required descriptor is missing, or of another kind or length.
        """
        prepared = self.chain.transform(required_of(table, self.required))
        return self.scaling.apply(prepared.values)

    def unusable_items(self, table: DescriptorTable, features: npt.NDArray[np.float32]) -> dict[str, str]:
        """Return the items that cannot be predicted, each with its reason.

        Parameters
        ----------
        table : DescriptorTable
        features : ndarray of float32, shape (n_items, n_features)
            What `extract` makes of `table`.

        Returns
        -------
        dict of str to str
            Item id to reason, in row order; empty when all can be predicted.
        """
        needed = table.keep(descriptor.name for descriptor in self.required)
        invalid = ~np.isfinite(needed.values)
        reasons: dict[str, str] = {}
        for row in np.flatnonzero(invalid.any(axis=1) | ~np.isfinite(features).all(axis=1)):
            reasons[table.ids[row]] = "its values lie too far outside those of the training data"
            if invalid[row].any():
                column = needed.dimension_names[int(np.argmax(invalid[row]))]
                reasons[table.ids[row]] = f"descriptor {one_line(column, 120)} is NaN or infinite"
        return reasons


def required_of(table: DescriptorTable, required: Sequence[Descriptor]) -> DescriptorTable:
    """Return the required descriptors of a table.

    Raises
    ------
    UserError
        When one is missing, or of another kind or length.
    """
    given = {descriptor.name: descriptor for descriptor in table.descriptors}
    for descriptor in required:
        if given.get(descriptor.name) != descriptor:
            raise UserError(_misfit(descriptor, given.get(descriptor.name)))
    return table.keep(descriptor.name for descriptor in required)


def fit_features(
    table: DescriptorTable,
    steps: Sequence[Mapping[str, object]],
    descriptor_names: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
) -> tuple[FeatureExtraction, npt.NDArray[np.float32]]:
    """Fit the preprocessing on a whole table, for the final model (Gaia 2.4.6 behaviour).

    The steps come first; then the choice of descriptors; text that was not numbered falls away; the cleaner and the
    scaling to [0, 1] are fitted on all rows.

    Parameters
    ----------
    table : DescriptorTable
        All training items.
    steps : sequence of mappings
        Preprocessing as in a project, see `fastgrid.transforms.chain.build_chain`.
    descriptor_names, exclude : sequence of str
        Patterns of the preprocessed descriptors to use and to leave out.

    Returns
    -------
    extraction : FeatureExtraction
    features : ndarray of float32, shape (n_items, n_features)

    Raises
    ------
    UserError
        When a step cannot be fitted or no usable descriptor is left.
    """
    numeric, _, _ = trainable(build_chain(steps).fit_transform(table), descriptor_names, exclude)
    owners, enumerated = numeric_columns(numeric)
    used = {numeric.numeric[n].name for n in owners[fit_scaling(numeric.values, owners, enumerated).columns]}
    if not used:
        raise UserError(
            "descriptorNames/exclude: no usable descriptor is left after the preprocessing and the cleaner; "
            "select more descriptors or give items that differ"
        )
    # Every step treats each descriptor by itself, so that fitting again on the used ones alone gives the same numbers,
    # and the model holds and asks for nothing that it does not use.
    source = table.keep(used)
    chain = build_chain(steps)
    final = chain.fit_transform(source)
    scaling = fit_scaling(final.values, *numeric_columns(final))
    return FeatureExtraction(source.descriptors, chain, scaling), scaling.apply(final.values)


def _misfit(required: Descriptor, given: Descriptor | None) -> str:
    name = one_line(required.name, 120)
    if given is None:
        return f"descriptor {name} is missing; use files of the extractor and profile that the model was trained on"
    return (
        f"descriptor {name}: holds {given.length} {given.kind} value(s), but the model was trained on "
        f"{required.length} {required.kind} value(s); use files of the same extractor and profile"
    )


def produced_columns(extraction: FeatureExtraction) -> int:
    """Return how many numbers the chain makes of one item, by trying it on an item of zeros and empty texts.

    The chain must not be used for predictions afterwards: the empty text has taken a number.

    Raises
    ------
    ValueError
        When the chain does not turn exactly the required descriptors into numbers.
    """
    texts = sum(d.length for d in extraction.required if d.kind is Kind.TEXT)
    numbers = sum(d.length for d in extraction.required) - texts
    zeros, empty = np.zeros((1, numbers), dtype=np.float32), np.zeros((1, texts), dtype="<U1")
    item = DescriptorTable(("",), extraction.required, zeros, empty)
    try:
        produced = extraction.chain.transform(item)
    except UserError as error:
        raise ValueError(f"its preprocessing cannot be applied ({one_line(error, 120)})") from error
    if produced.names != item.names or produced.textual:
        raise ValueError("its preprocessing does not turn the descriptors that it needs into numbers")
    return int(produced.values.shape[1])
