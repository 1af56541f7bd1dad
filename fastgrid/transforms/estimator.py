"""What scikit-learn asks of a transformer, without scikit-learn.

``sklearn.base`` takes a second to import, more than a small training. `clone`, ``Pipeline`` and grid searches go by
methods rather than by ancestry, so those methods are here, and scikit-learn is imported by the ones that only its own
code calls.
"""

from __future__ import annotations

import inspect
from typing import Any, Self

from fastgrid.descriptors.table import DescriptorTable


class Transformer:
    """A transformer for `sklearn.base.clone` and ``sklearn.pipeline.Pipeline``.

    A subclass stores the parameters of its constructor under their own names, unchanged, and has ``fit`` and
    ``transform``. (API design: Buitinck et al. 2013, "API design for machine learning software".)
    """

    def fit(self, table: DescriptorTable, y: object = None) -> Self:
        """Learn from `table`."""
        raise NotImplementedError

    def transform(self, table: DescriptorTable) -> DescriptorTable:
        """Return `table` after the step."""
        raise NotImplementedError

    def fit_transform(self, table: DescriptorTable, y: object = None) -> DescriptorTable:
        """Fit to `table` and return it transformed.

        Parameters
        ----------
        table : DescriptorTable
        y : object, optional
            Ignored; scikit-learn passes it.

        Returns
        -------
        DescriptorTable
        """
        return self.fit(table, y).transform(table)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor by name.

        Parameters
        ----------
        deep : bool
            Ignored; no parameter is an estimator.
        """
        return {name: getattr(self, name) for name in sorted(_defaults(type(self)))}

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the constructor.

        Raises
        ------
        ValueError
            For a name that the constructor does not know; nothing is set then.
        """
        known = _defaults(type(self))
        for name in params:
            if name not in known:
                raise ValueError(
                    f"invalid parameter {name!r} for {type(self).__name__}; it has {', '.join(known) or 'none'}"
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        # As scikit-learn shows estimators: what differs from the defaults.
        defaults = _defaults(type(self))
        shown = [f"{name}={value!r}" for name, value in self.get_params().items() if value != defaults[name]]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __sklearn_tags__(self) -> Any:
        """Return the tags of scikit-learn's own transformers (scikit-learn 1.6 and newer asks for them)."""
        from sklearn.base import BaseEstimator, TransformerMixin

        class _Plain(TransformerMixin, BaseEstimator):
            pass

        return _Plain().__sklearn_tags__()


def not_fitted(step: Transformer) -> Exception:
    """Return scikit-learn's ``NotFittedError`` about `step`, to be raised."""
    from sklearn.exceptions import NotFittedError

    error: Exception = NotFittedError(f"This {type(step).__name__} is not fitted yet; call fit first.")
    return error


def _defaults(step: type) -> dict[str, object]:
    # The constructor's parameters with their defaults.
    return {name: parameter.default for name, parameter in inspect.signature(step).parameters.items()}
