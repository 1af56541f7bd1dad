"""What every room may use: errors, atomic files, safe YAML. Knows nothing of the other rooms."""
