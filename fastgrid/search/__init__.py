"""The sweep as a search of scikit-learn: what ``GridSearchCV(SVC(), grid)`` is, only sooner."""
