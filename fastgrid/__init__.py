"""Fast, exact model selection for support vector machines."""

__version__ = "0.1.0"
