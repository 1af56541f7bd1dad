"""The numba types and intrinsics behind `simd.py`. Where numba is told not to compile, they work on NumPy arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from fastgrid.kernels.simd import LANES, WIDE_LANES

_NUMBERS = {
    "float64": (types.float64, ir.DoubleType()),
    "float32": (types.float32, ir.FloatType()),
    "int32": (types.int32, ir.IntType(32)),
    "mask": (types.boolean, ir.IntType(1)),
}


class VectorType(types.Type):
    """Numbers of one kind; the numba type of a value that lives in a vector register."""

    def __init__(self, kind: str, lanes: int = LANES) -> None:
        self.kind = kind
        self.lanes = lanes
        super().__init__(name=f"Vector{lanes}({kind})")

    @property
    def element(self) -> Any:
        """The numba type of one lane."""
        return _NUMBERS[self.kind][0]

    @property
    def is_float(self) -> bool:
        """Whether the lanes are floating-point numbers."""
        return self.kind.startswith("float")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: VectorType) -> None:
        super().__init__(manager, vector, ir.VectorType(_NUMBERS[vector.kind][1], vector.lanes))


Float64x8 = VectorType("float64")
Float32x8 = VectorType("float32")
Int32x8 = VectorType("int32")
Mask8 = VectorType("mask")
Float32x16 = VectorType("float32", WIDE_LANES)
Int32x16 = VectorType("int32", WIDE_LANES)
Mask16 = VectorType("mask", WIDE_LANES)
_ARITHMETIC = {operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.truediv: "div"}
_COMPARISONS = {operator.le: "<=", operator.ge: ">=", operator.eq: "==", operator.lt: "<", operator.gt: ">"}


def _declare_operator(function: Callable[[Any, Any], Any], result: Callable[[VectorType], Any]) -> None:
    class Template(AbstractTemplate):
        key = function

        def generic(self, arguments: Sequence[Any], _keywords: Any) -> Any:
            if len(arguments) == 2 and isinstance(arguments[0], VectorType) and arguments[0] == arguments[1]:
                return signature(result(arguments[0]), *arguments)
            return None

    infer_global(function)(Template)


def _arithmetic_code(name: str) -> Callable[..., Any]:
    def generate(_context: Any, builder: Any, call: Any, arguments: Any) -> Any:
        prefix = "f" if call.args[0].is_float else ("s" if name == "div" else "")
        return getattr(builder, prefix + name)(*arguments)

    return generate


def _comparison_code(symbol: str) -> Callable[..., Any]:
    def generate(_context: Any, builder: Any, call: Any, arguments: Any) -> Any:
        compare = builder.fcmp_ordered if call.args[0].is_float else builder.icmp_signed
        return compare(symbol, *arguments)

    return generate


for _function, _name in _ARITHMETIC.items():
    _declare_operator(_function, lambda vector: vector)
    lower_builtin(_function, VectorType, VectorType)(_arithmetic_code(_name))
for _function, _name in _COMPARISONS.items():
    _declare_operator(_function, lambda vector: Mask8 if vector.lanes == LANES else Mask16)
    lower_builtin(_function, VectorType, VectorType)(_comparison_code(_name))


def _or_plain(declare: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    # The intrinsic for jitted code; the plain function where numba is told not to compile.
    return plain if getattr(numba.config, "DISABLE_JIT", 0) else intrinsic(declare)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, vector: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    address = builder.gep(data, [index])
    return builder.bitcast(address, context.get_value_type(vector).as_pointer())


def _loader(vector: VectorType) -> Callable[..., Any]:
    def declare(_typing: Any, array: Any, index: Any) -> Any:
        if not isinstance(array, types.Array) or array.dtype != vector.element or array.layout != "C":
            return None

        def generate(context: Any, builder: Any, call: Any, arguments: Any) -> Any:
            address = _pointer(context, builder, call.args[0], arguments[0], arguments[1], vector)
            return builder.load(address, align=call.args[0].dtype.bitwidth // 8)

        return vector(array, types.intp), generate

    return _or_plain(declare, lambda array, index: array.reshape(-1)[index : index + vector.lanes].copy())


#: load(array, flat_index) -> the items from there on.
load_float64 = _loader(Float64x8)
load_float32 = _loader(Float32x8)
load_float32_wide = _loader(Float32x16)


def _declare_store(_typing: Any, array: Any, index: Any, vector: Any) -> Any:
    if not isinstance(array, types.Array) or array.layout != "C" or not isinstance(vector, VectorType):
        return None

    def generate(context: Any, builder: Any, call: Any, arguments: Any) -> Any:
        address = _pointer(context, builder, call.args[0], arguments[0], arguments[1], call.args[2])
        builder.store(arguments[2], address, align=call.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


def _plain_store(array: Any, index: int, vector: Any) -> None:
    array.reshape(-1)[index : index + len(vector)] = vector


#: store(array, flat_index, vector)
store = _or_plain(_declare_store, _plain_store)


def _splatter(vector: VectorType) -> Callable[..., Any]:
    def declare(_typing: Any, _value: Any) -> Any:
        def generate(context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
            kind = context.get_value_type(vector)
            zero = ir.Constant(ir.IntType(32), 0)
            single = builder.insert_element(ir.Constant(kind, ir.Undefined), arguments[0], zero)
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), vector.lanes), [0] * vector.lanes)
            return builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), lanes)

        return vector(vector.element), generate

    return _or_plain(declare, lambda value: np.full(vector.lanes, value, dtype=vector.kind))


#: splat(number) -> that number in every lane.
splat_float64 = _splatter(Float64x8)
splat_float32 = _splatter(Float32x8)
splat_int32 = _splatter(Int32x8)
splat_float32_wide = _splatter(Float32x16)
splat_int32_wide = _splatter(Int32x16)


def _converter(source: VectorType, target: VectorType, instruction: str) -> Callable[..., Any]:
    def declare(_typing: Any, vector: Any) -> Any:
        def generate(context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(arguments[0], context.get_value_type(target))

        return (target(source), generate) if vector == source else None

    return _or_plain(declare, lambda vector: vector.astype(target.kind))


#: float32 lanes to float64, exactly; float64 lanes to float32, rounded.
widen = _converter(Float32x8, Float64x8, "fpext")
narrow = _converter(Float64x8, Float32x8, "fptrunc")


def _declare_multiply_add(_typing: Any, first: Any, second: Any, third: Any) -> Any:
    def generate(context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
        kind = context.get_value_type(Float64x8)
        name = f"llvm.fmuladd.v{LANES}f64"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
        return builder.call(function, arguments)

    is_float64 = first == second == third == Float64x8
    return (Float64x8(first, second, third), generate) if is_float64 else None


multiply_add = _or_plain(_declare_multiply_add, lambda first, second, third: first * second + third)


def _extremum(comparison: str, plain: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def declare(_typing: Any, first: Any, second: Any) -> Any:
        def generate(_context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
            # Exactly what x86's instruction does, NaN included. With flags that say there is none, LLVM makes calls of
            # it that lose them where the comparison is used again, and then look for NaN.
            return builder.select(builder.fcmp_ordered(comparison, *arguments), *arguments)

        is_float = isinstance(first, VectorType) and first.is_float
        return (first(first, first), generate) if is_float and first == second else None

    return _or_plain(declare, plain)


#: Lane by lane; neither may be NaN.
minimum = _extremum("<", np.minimum)
maximum = _extremum(">", np.maximum)


def _declare_select(_typing: Any, mask: Any, first: Any, second: Any) -> Any:
    def generate(_context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return (
        (first(mask, first, first), generate)
        if mask in (Mask8, Mask16) and first == second and mask.lanes == first.lanes
        else None
    )


#: select(mask, first, second), lane by lane.
select = _or_plain(_declare_select, np.where)


def _numberer(vector: VectorType) -> Callable[..., Any]:
    def declare(_typing: Any) -> Any:
        def generate(context: Any, _builder: Any, _call: Any, _arguments: Any) -> Any:
            number = float if vector.is_float else int
            return ir.Constant(context.get_value_type(vector), [number(lane) for lane in range(vector.lanes)])

        return vector(), generate

    return _or_plain(declare, lambda: np.arange(vector.lanes, dtype=vector.kind))


#: lane_numbers() -> 0, 1, ..., 7
lane_numbers = _numberer(Int32x8)
lane_numbers_float64 = _numberer(Float64x8)
lane_numbers_wide = _numberer(Int32x16)


def _reducer(vector: VectorType, name: str, plain: Callable[[Any], Any]) -> Callable[..., Any]:
    suffix = {"float64": "f64", "float32": "f32", "int32": "i32"}[vector.kind]

    def declare(_typing: Any, given: Any) -> Any:
        def generate(context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
            kinds = context.get_value_type(vector.element), [context.get_value_type(vector)]
            full_name = f"llvm.vector.reduce.{name}.v{vector.lanes}{suffix}"
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(*kinds), full_name)
            return builder.call(function, arguments, fastmath=("nnan", "nsz") if vector.is_float else ())

        return (vector.element(vector), generate) if given == vector else None

    return _or_plain(declare, plain)


#: The extreme of all lanes.
lowest_float64 = _reducer(Float64x8, "fmin", np.min)
highest_float64 = _reducer(Float64x8, "fmax", np.max)
highest_float32 = _reducer(Float32x8, "fmax", np.max)
highest_int32 = _reducer(Int32x8, "smax", np.max)
highest_float32_wide = _reducer(Float32x16, "fmax", np.max)
highest_int32_wide = _reducer(Int32x16, "smax", np.max)


def _declare_count(_typing: Any, mask: Any) -> Any:
    def generate(_context: Any, builder: Any, _call: Any, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], ir.IntType(mask.lanes))
        return builder.zext(builder.ctpop(bits), ir.IntType(64))

    return (types.int64(mask), generate) if mask in (Mask8, Mask16) else None


#: The number of lanes that a mask selects.
count = _or_plain(_declare_count, np.count_nonzero)
