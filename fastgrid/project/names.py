"""Names that become parts of file names."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from fastgrid.common.errors import one_line
from fastgrid.project.combinations_spec import CombinationSpec, EvaluationSpec

MAX_CLASS_NAME_BYTES = 80
_MAX_PART = 40


def class_name_fault(name: str) -> str | None:
    """Return why `name` cannot be the name of a classification target (it begins file names), None if it can."""
    shown = one_line(ascii(name), 60)
    remedy = "give a plain name such as genre"
    if not name.strip():
        return f"className is empty; {remedy}"
    if name in (".", "..") or "/" in name or "\\" in name:
        return f"className {shown} cannot be part of a file name; {remedy}"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        return f"className {shown} holds control characters or is not valid Unicode; {remedy}"
    if len(name.encode()) > MAX_CLASS_NAME_BYTES:
        return f"className {shown} is longer than {MAX_CLASS_NAME_BYTES} bytes; {remedy}"
    return None


def result_stems(
    class_name: str, combinations: Sequence[CombinationSpec], evaluations: Sequence[EvaluationSpec]
) -> tuple[tuple[str, ...], ...]:
    """Return the stems of the result files, one tuple per evaluation, one stem per combination.

    A stem depends on nothing but its own combination and evaluation (that an evaluation is not the project's first
    shows in a suffix ``_10fold``), so that it stays the same when the project grows:
    ``music_gaussianized_rbf_C+3_gamma-5_balanced``.
    """
    stems = tuple(combination_stem(class_name, combination) for combination in combinations)
    return tuple(tuple(stem + suffixes[0] for stem in stems) for suffixes in evaluation_suffixes(evaluations))


def evaluation_suffixes(evaluations: Sequence[EvaluationSpec]) -> tuple[tuple[str, ...], ...]:
    """Return what tells evaluations and their repeats apart in names, one tuple per evaluation, one text per repeat.

    Examples
    --------
    >>> evaluation_suffixes([EvaluationSpec(5, repeats=2), EvaluationSpec(10)])
    (('', '_repeat2'), ('_10fold',))
    """
    beginnings = [f"_{evaluation.nfold}fold" if index else "" for index, evaluation in enumerate(evaluations)]
    return tuple(
        tuple(beginning + repeat_suffix(repeat) for repeat in range(evaluation.repeats))
        for beginning, evaluation in zip(beginnings, evaluations, strict=True)
    )


def repeat_suffix(repeat: int) -> str:
    """Return what a repeat, counted from 0, adds to names: nothing for the first one, then ``_repeat2`` and so on."""
    return f"_repeat{repeat + 1}" if repeat else ""


def combination_stem(class_name: str, combination: CombinationSpec) -> str:
    """Return the readable name of a combination; different combinations have different names.

    What a file name cannot hold is replaced, and whatever was replaced, shortened or is not all lower case carries a
    digest of the true name (file systems may ignore case).
    """
    stem = (
        f"{class_name}_{file_name_part(combination.preprocessing)}_{combination.kernel.lower()}"
        f"_C{combination.c_exponent:+}_gamma{combination.gamma_exponent:+}"
        f"_{'balanced' if combination.balance_classes else 'unbalanced'}"
    )
    if combination.has_default_descriptors:
        return stem
    return f"{stem}_descriptors~{_digest(repr((combination.descriptor_names, combination.exclude)))}"


def file_name_part(text: str) -> str:
    """Return `text` as ASCII letters, digits, ``.``, ``-``, ``_``; one name per text, with a digest where changed."""
    part = re.sub(r"[^a-z0-9._-]+", "-", text.lower())[:_MAX_PART]
    return part if part == text else f"{part}~{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
