"""The peers of `bench_peers.py`: each does the same cross-validated grid search in its own way."""
