"""Gaia's model files (``.history``): their bytes, what they say, and models made of them and written as such."""
