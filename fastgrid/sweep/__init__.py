"""Cross-validated predictions of every combination: which problems there are, solving them, keeping what is done."""
