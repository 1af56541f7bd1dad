"""The preprocessing steps of a project over a table of descriptors, their chain, and the scaling of each fold.

Modules: `chain` (`Chain`, `build_chain`), `registry` (the steps by the names that projects use), `choosing`,
`cleaning`, `enumeration`, `normalization`, `gaussianization` (the steps themselves) and `scaling` (arrays only).
"""
