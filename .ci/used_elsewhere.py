# Names that are used where vulture does not look. What is listed here for no reason any more is named by
# tests/documents/test_names_used_elsewhere.py.
# ruff: noqa: B018, D100, F821

# Asked for by Python, numba, scikit-learn or Essentia.
__getattr__
__dir__
_.__call__
_VectorModel
_._more_tags
_.refit_time_
_.__metadata_request__fit
_.infoActive
_.warningActive
_.compress_type
_.create_system
_.writeable

# In the templates of the report page.
_.corrected_normalized_accuracy
_.nested_normalized_accuracy
_.majority_class
_.n_descriptors
_.groups_from
_.accuracy_level
_.normalized_level
_.column_labels
_.row_labels
_.best_normalized
_.hidden_maps
_.largest_first
_.has_tests
_.detail
_.centre
_.marks

# By the name that goes with a measure.
_.fold_accuracies
_.fold_normalized_accuracies

# For those who import fastgrid.
_.from_estimator
_.from_cross_validation
_.from_result
_.from_search
_.from_cv_results
_.text_
_.marks_
_.n_splits_
_.counters_
_.best_score_
_.best_params_
_.set_params
_.n_compared
_.template_version
_.classes_by_fold
to_pipeline
from_pipeline
evaluate_dataset
solve_binary
cross_val_predict_grid

# Counters, which are written as a whole (dataclasses.asdict).
_.iterations_made
_.skipped_equal_preprocessing
_.skipped_equal_weights
_.skipped_polynomial_scale
_.skipped_other
