//===- MoEExpertOps.td - dispatch, experts, combine -----------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOEEXPERTOPS
#define MOEC_DIALECTS_MOE_IR_MOEEXPERTOPS

include "dialects/MoE/IR/MoEDialect.td"
include "dialects/MoE/IR/MoEAttrs.td"

def MoE_DispatchOp : MoE_Op<"dispatch", [AttrSizedOperandSegments]> {
  let summary = "bring tokens into the order of experts";
  let description = [{
    One row for each (token, choice) pair that is not dropped, sorted by (expert, slot, token, choice):
    `rows[offsets[e] + i]` is the i-th row of expert e, a copy of its token's row of `x`, multiplied by
    `scale[t, j]` if given (a router weight applied to the *input* of an expert, as Llama 4 does; for experts that
    are not linear this differs from weighing the output; the product is formed in f32, f64 for f64, and rounded to the
    type of `x`). `offsets` has E + 1 entries, the first 0 and the last the number of rows R. `positions[t, j]` is the
    row of the pair, or -1. A pair with id -1 is dropped whatever its slot; other ids are in 0 ... E-1.

    Without `slots` no choice is dropped but those with id -1, and slots count in token-major order, which makes the
    op a stable counting sort.

    ```mlir
    %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 8}
        : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>, tensor<9xi32>, tensor<?x2xi32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$x, MoE_IndexMatrix:$ids, Optional<MoE_IndexMatrix>:$slots,
    Optional<MoE_Matrix>:$scale, I64Attr:$experts);
  let results = (outs MoE_Matrix:$rows, MoE_IndexVector:$offsets, MoE_IndexMatrix:$positions);
  let assemblyFormat = [{
    $x `to` $ids oilist(`slots` `(` $slots `:` type($slots) `)` | `scale` `(` $scale `:` type($scale) `)`)
    attr-dict `:` type($x) `,` type($ids) `->` type($rows) `,` type($offsets) `,` type($positions)
  }];
  let hasCanonicalizer = 1;
}

def MoE_GroupedMatmulOp : MoE_Op<"grouped_matmul"> {
  let summary = "multiply each expert's rows by that expert's matrix";
  let description = [{
    `result[r, n] = sum over k of rows[r, k] * w[e, n, k]  + bias[e, n]` for `offsets[e] <= r < offsets[e + 1]`,
    with `w[e, k, n]` if `layout` is `in_out`. Products and sums are in f32 (f64 for f64 rows), k ascending, the bias
    added last; the result is rounded once to its element type. `offsets` start at 0, never descend and end at the
    number of rows; the range of an expert may be empty. The mode is that of a ragged dot product with the ragged
    dimension on the left and a group dimension on the right.

    With `parts` an expert has as many ranges: the rows between `offsets[e * parts + i]` and the next offset get part i
    of the N columns of expert e, columns i N / parts and on, so that a result is N / parts wide.

    ```mlir
    %y = moe.grouped_matmul %rows, %offsets, %w
        : tensor<?x64xf32>, tensor<9xi32>, tensor<8x96x64xf32> -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$offsets, MoE_Stack:$weights,
    Optional<MoE_Matrix>:$bias,
    DefaultValuedAttr<MoE_WeightLayoutAttr, "WeightLayout::OutIn">:$layout,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$parts);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `,` $offsets `,` $weights (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict
    `:` type($rows) `,` type($offsets) `,` type($weights) `->` type($result)
  }];
}

def MoE_ExpertOp : MoE_Op<"expert", [AttrSizedOperandSegments]> {
  let summary = "apply each expert's feed-forward network to its rows";
  let description = [{
    For a row x of expert e, with D the hidden and F the inner size:

    ```
    gate = none:  h = act(W1 x + b1)
    otherwise:    h = act(clampMax(g)) * (clampAbs(u) + up_offset)        g = Wg x + bg,  u = Wu x + bu
    y = W2 h + b2
    ```

    | gate | Wg, Wu |
    |---|---|
    | `separate` | `w1` (E x F x D) is the gate, `w3` the up projection |
    | `concat_gate_first` | rows 0 ... F-1 and F ... 2F-1 of `w1` (E x 2F x D) |
    | `concat_up_first` | the reverse |
    | `interleaved_gate_even` | even and odd rows of `w1` |

    `act` is relu, gelu (erf or tanh form), identity, silu `v * sigmoid(alpha * v)`, or swiglu_half, which maps
    the two halves (a, b) of its input to `a * silu(b)` so that the rows of W1 or Wg are twice F (OpenMoE; only
    with `gate` none or separate).
    `gate_max` clamps g from above and `up_abs` clamps u on both sides (gpt-oss: 7, 7, alpha 1.702, up_offset 1).
    `layout1` and `layout2` tell whether matrices are stored out x in or in x out; `layout1` is that of `w1` and `w3`.
    Both products accumulate in f32 (f64 for f64 rows), inputs ascending, the bias added last; g, u and the
    activation stay in f32 and h is rounded to the element type of `rows`. `offsets` are as in
    `moe.grouped_matmul`.

    The op is the attribute form of `moe.grouped_matmul`, element-wise ops and `moe.grouped_matmul`; an expert of
    any other form is written so.

    ```mlir
    %y = moe.expert %rows, %offsets, %gate, %down up(%up : tensor<8x96x64xf32>)
        {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
        : tensor<?x64xf32>, tensor<9xi32>, tensor<8x96x64xf32>, tensor<8x64x96xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$offsets, MoE_Stack:$w1, MoE_Stack:$w2,
    Optional<MoE_Matrix>:$b1, Optional<MoE_Matrix>:$b2, Optional<MoE_Stack>:$w3, Optional<MoE_Matrix>:$b3,
    MoE_ActivationAttr:$activation,
    DefaultValuedAttr<MoE_GateAttr, "Gate::None">:$gate,
    DefaultValuedAttr<MoE_WeightLayoutAttr, "WeightLayout::OutIn">:$layout1,
    DefaultValuedAttr<MoE_WeightLayoutAttr, "WeightLayout::OutIn">:$layout2,
    DefaultValuedAttr<F64Attr, "1.0">:$alpha,
    DefaultValuedAttr<F64Attr, "0.0">:$up_offset,
    OptionalAttr<F64Attr>:$gate_max,
    OptionalAttr<F64Attr>:$up_abs);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `,` $offsets `,` $w1 `,` $w2
    oilist(`b1` `(` $b1 `:` type($b1) `)` | `b2` `(` $b2 `:` type($b2) `)`
         | `up` `(` $w3 `:` type($w3) `)` | `up_bias` `(` $b3 `:` type($b3) `)`)
    attr-dict `:` type($rows) `,` type($offsets) `,` type($w1) `,` type($w2) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// Inner size F (columns of the activation's result), or ShapedType::kDynamic.
    int64_t getInnerSize();
  }];
}

def MoE_ExpertHiddenOp : MoE_Op<"expert_hidden", [AttrSizedOperandSegments]> {
  let summary = "the first half of each expert's feed-forward network";
  let description = [{
    Row h of `moe.expert`, rounded to the element type of `rows`, with the same operands and attributes: what
    `moe.grouped_matmul` with W2 and b2 makes the result of the expert. Written apart where the halves are computed in
    different places.

    With `parts` an expert has as many ranges, as in `moe.grouped_matmul`: part i gives columns i F / parts and on of h,
    so that a result is F / parts wide.

    ```mlir
    %h = moe.expert_hidden %rows, %offsets, %gate up(%up : tensor<8x96x64xf32>)
        {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
        : tensor<?x64xf32>, tensor<9xi32>, tensor<8x96x64xf32> -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexVector:$offsets, MoE_Stack:$w1,
    Optional<MoE_Matrix>:$b1, Optional<MoE_Stack>:$w3, Optional<MoE_Matrix>:$b3,
    MoE_ActivationAttr:$activation,
    DefaultValuedAttr<MoE_GateAttr, "Gate::None">:$gate,
    DefaultValuedAttr<MoE_WeightLayoutAttr, "WeightLayout::OutIn">:$layout1,
    DefaultValuedAttr<F64Attr, "1.0">:$alpha,
    DefaultValuedAttr<F64Attr, "0.0">:$up_offset,
    OptionalAttr<F64Attr>:$gate_max,
    OptionalAttr<F64Attr>:$up_abs,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$parts);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `,` $offsets `,` $w1
    oilist(`b1` `(` $b1 `:` type($b1) `)` | `up` `(` $w3 `:` type($w3) `)` | `up_bias` `(` $b3 `:` type($b3) `)`)
    attr-dict `:` type($rows) `,` type($offsets) `,` type($w1) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// Inner size F of all parts together, or ShapedType::kDynamic.
    int64_t getInnerSize();
  }];
}

def MoE_CombineOp : MoE_Op<"combine"> {
  let summary = "add the weighted rows of each token";
  let description = [{
    `result[t] = sum over j of weights[t, j] * rows[positions[t, j]]`. A dropped choice (position -1) adds nothing,
    or `weights[t, j] * passthrough[t]` if `passthrough` is given (Hugging Face's Switch before March 2025).

    Terms are added in the order of choices, or of ascending expert (that is, of ascending position; dropped choices
    with `passthrough` come first). Products are formed in f32 (f64 for f64 rows) and rounded to `term_type` if
    given; sums are kept in `accumulator`, rounded after every addition (default f32, f64 for f64 rows); the result
    is rounded once to its element type. Exporters differ in these places and results depend on them.

    ```mlir
    %out = moe.combine %y at %positions by %weights
        : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$rows, MoE_IndexMatrix:$positions, MoE_Matrix:$weights,
    Optional<MoE_Matrix>:$passthrough,
    DefaultValuedAttr<MoE_CombineOrderAttr, "CombineOrder::Choice">:$order,
    OptionalAttr<TypeAttr>:$term_type,
    OptionalAttr<TypeAttr>:$accumulator);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat = [{
    $rows `at` $positions `by` $weights (`passthrough` `(` $passthrough^ `:` type($passthrough) `)`)? attr-dict
    `:` type($rows) `,` type($positions) `,` type($weights) `->` type($result)
  }];
}

#endif // MOEC_DIALECTS_MOE_IR_MOEEXPERTOPS
