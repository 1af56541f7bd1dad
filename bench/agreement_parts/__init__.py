"""Parts of bench/agreement.py."""
