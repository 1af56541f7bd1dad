"""Kernels that are added: each module here defines ``KERNEL``, a `fastgrid.kernels.definition.KernelDefinition`.

That is all of it: a module that lies here is found when the package is imported, in every process. See
docs/add-a-kernel.md.
"""
