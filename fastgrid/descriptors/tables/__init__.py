"""Feature tables: one file with an item in each row and a descriptor in each column."""

from fastgrid.descriptors.tables.formats import FORMATS, TableSource, may_be_table, open_table
from fastgrid.descriptors.tables.prediction import read_rows
from fastgrid.descriptors.tables.reading import FeatureTable, TableFacts, check_table, read_feature_table

__all__ = [
    "FORMATS",
    "FeatureTable",
    "TableFacts",
    "TableSource",
    "check_table",
    "may_be_table",
    "open_table",
    "read_feature_table",
    "read_rows",
]
