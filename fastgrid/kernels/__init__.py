"""Gram matrices: the pairwise base product of two sets of rows, and each kernel as a pass over it.

Knows arrays and scalars only. Every jitted function is private and gets its options from `fastgrid.kernels.jit`.
"""

from fastgrid.kernels.changed_features import changed_features, correct_products, correction_cost, fresh_cost
from fastgrid.kernels.checking import check_kernel
from fastgrid.kernels.gram import fill_gram, gram_matrix, inner_products, squared_distances
from fastgrid.kernels.gram_blocks import fill_gram_between, fill_symmetric_gram, gram_from_features
from fastgrid.kernels.known import KERNELS, added_kernel, added_kernels, known_kernels, may_be_added, parameters_used
from fastgrid.kernels.scratch import Scratch, kept_scratch, release_all_scratch
from fastgrid.kernels.smo_state import aligned_empty, padded_length

__all__ = [
    "KERNELS",
    "Scratch",
    "added_kernel",
    "added_kernels",
    "aligned_empty",
    "changed_features",
    "check_kernel",
    "correct_products",
    "correction_cost",
    "fill_gram",
    "fill_gram_between",
    "fill_symmetric_gram",
    "fresh_cost",
    "gram_from_features",
    "gram_matrix",
    "inner_products",
    "kept_scratch",
    "known_kernels",
    "may_be_added",
    "padded_length",
    "parameters_used",
    "release_all_scratch",
    "squared_distances",
]
