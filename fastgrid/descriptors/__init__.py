"""Descriptor files -> one table of named descriptors. See ARCHITECTURE.md."""

from fastgrid.descriptors.collection import Collection, LeftOut, read_collection
from fastgrid.descriptors.document import read_document
from fastgrid.descriptors.items import read_items
from fastgrid.descriptors.table import Descriptor, DescriptorTable, Kind, item_order

__all__ = [
    "Collection",
    "Descriptor",
    "DescriptorTable",
    "Kind",
    "LeftOut",
    "item_order",
    "read_collection",
    "read_document",
    "read_items",
]
