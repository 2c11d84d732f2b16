//===- Passes.td - Finding structure in onnx ------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_PASSES
#define MOEC_LIB_RECOGNISE_PASSES

include "mlir/Pass/PassBase.td"

def RecogniseContribMoEPass : Pass<"recognise-contrib-moe", "::mlir::ModuleOp"> {
  let summary = "com.microsoft::MoE as route, dispatch, expert, combine";
  let description = [{
    `onnx.contrib_moe` becomes ops of `moe`, with a collapse to T x H and back for inputs of three dimensions. Router
    weights stay in f32 until the sum over choices is rounded.

    Providers of ONNX Runtime read the operator differently; `dialect` chooses:

    | | `ort-cuda` (the schema's reading) | `ort-cpu` |
    |---|---|---|
    | equal scores | the lower expert id | the higher |
    | `use_sparse_mixer` | honoured | ignored |
    | `swiglu_fusion` 0 without fc3 | rows of fc1 alternate | an error |
  }];
  let options = [
    Option<"dialect", "dialect", "std::string", "\"ort-cuda\"", "whose reading: ort-cuda or ort-cpu">];
  let statistics = [Statistic<"numLayers", "layers", "Layers recognised">];
  let dependentDialects = ["::moec::moe::MoEDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
    "::moec::rt::RTDialect"];
}

def RecogniseMoEPass : Pass<"recognise-moe", "::mlir::ModuleOp"> {
  let summary = "layers spelled out in standard operators as route, dispatch, expert, combine";
  let description = [{
    Finds, at each TopK of constant k over the last axis, what is computed from the choice, and rewrites it if it is
    proved to be

    ```
    out[t, h] = sum over j < k of  c[t, j] * F(ids[t, j], x[t, :])[h]
    ```

    Nothing is matched literally. Facts on the values of the function are collected in one walk: shapes as
    polynomials, views as index maps, integers as formulas, permutations, counts and their running sums; the element
    of the sum is then unfolded to an expression that reads only tensors from before the choice.

    | part | forms |
    |---|---|
    | router | softmax, top-k, with or without division by the sum of the chosen; top-k, softmax |
    | body | matrices gathered per pair (batched product); one product per group of rows sorted by expert (grouped); |
    | | a sum over all experts of what each computes for its tokens, scattered onto zeros or added (loop) |
    | expert | what `moe.expert` can say: gated or not, fused, alternating or separate, with biases |

    Each step of the proof is an obligation with a name. With `why` the layers found, and for every suspect the first
    obligation that failed, are reported as remarks. A declined layer stays as it is. The ops of a recognised layer
    lose their uses and are left to dead-code elimination.

    Exceptions: counts of rows that an exporter keeps in f32 are exact up to 2^24 pairs; the recognised layer counts
    exactly beyond. A loop over the experts that were hit when the file was written is no layer: their number is baked
    into it.
  }];
  let options = [Option<"why", "why", "bool", "false", "report layers and failed obligations as remarks">];
  let statistics = [
    Statistic<"numLayers", "layers", "Layers recognised">,
    Statistic<"numDeclined", "declined", "Suspected layers that were not proved">
  ];
  let dependentDialects = ["::moec::moe::MoEDialect", "::mlir::tensor::TensorDialect", "::moec::rt::RTDialect"];
}

def RecogniseNormsPass : Pass<"recognise-norms", "::mlir::func::FuncOp"> {
  let summary = "spelled-out RMS norms as onnx.rms_norm";
  let description = [{
    Anchored on a mean of squares, proves that the ops after it are `x / sqrt(mean(x^2) + epsilon) * scale` over the
    last axes of `x` and makes them one `onnx.rms_norm`:

    | step | spellings |
    |---|---|
    | square | `x * x`, `pow(x, 2)` |
    | epsilon | a constant added to the mean, in either order; none is 0 |
    | root | `sqrt`, `pow` by 1/2 or -1/2 |
    | quotient | `x / root`, `x * (1 / root)` by division or `reciprocal` |
    | scale | a factor of the normalised axes alone, in either order; none is 1 |

    The type of the squares is the op's `stash`, a widening cast before them is part of the op. A cast of the quotient
    comes before the scale in the op, too; a scale that multiplies in the wider type keeps it, and the cast after it
    stays outside. Reciprocal and division are taken as one form: in the type of the squares they differ in the last
    bits. A mean of squares that is used otherwise stays as it is; `why` says at which obligation the proof ended:
    rank, axes, epsilon, root, quotient, shape.
  }];
  let options = [Option<"why", "why", "bool", "false", "remark on each mean of squares that is no norm">];
  let statistics = [Statistic<"numNorms", "norms", "Norms recognised">];
  let dependentDialects = ["::moec::onnx::ONNXDialect"];
}

def RecogniseRotaryPass : Pass<"recognise-rotary", "::mlir::func::FuncOp"> {
  let summary = "spelled-out rotary embeddings as onnx.rotary_embedding";
  let description = [{
    Anchored on a concatenation of two pieces of `x`, batch x heads x sequence x head size, with operands of sums and
    products in any order and pieces by slice or split, proves one of

    ```
    x * cos + concat(-upper(x), lower(x)) * sin
    x * cos + reshape(concat(unsqueeze(-odd(x)), unsqueeze(even(x)))) * sin
    concat(lower(x) * cos - upper(x) * sin, upper(x) * cos + lower(x) * sin)
    ```

    and makes it one `onnx.rotary_embedding`, interleaved for the second. The op's tables have one column per pair. So
    the tables of the first two must be shown to read each column twice: element-wise ops of one operand and views
    (concatenation of a tensor with itself is one, as are tile and expand) over a tensor of pairs. The element-wise
    ops are repeated on that tensor, once for all heads and layers. Columns are not compared by content.

    Heads that are rotated in part are a slice of `x`; slice and concatenation stay outside. Sums and products of
    16-bit types are rounded as the op rounds them. `why` says at which obligation a proof ended: halves, rank, sin,
    sum, shape, cos.
  }];
  let options = [Option<"why", "why", "bool", "false", "remark on each concatenation that could be of an embedding and is not">];
  let statistics = [Statistic<"numEmbeddings", "embeddings", "Rotary embeddings recognised">];
  let dependentDialects = ["::moec::onnx::ONNXDialect"];
}

def RecogniseAttentionPass : Pass<"recognise-attention", "::mlir::func::FuncOp"> {
  let summary = "spelled-out attention as onnx.attention";
  let description = [{
    Anchored on a softmax whose weights are the left side of a product, proves that the ops around it are
    `softmax(scale * q k^T + mask) v` for each head and makes them one `onnx.attention`:

    | step | spellings |
    |---|---|
    | queries, keys, values | any chain of views over a tensor of batch x heads x sequence x size, the farthest there is; consecutive query heads may read one key head |
    | scale | factors of queries, keys and scores, before or after those views, multiplied; none is 1 |
    | mask | added to the scores, or a `where` with a number |
    | weights | `where(is_nan(w), 0, w)` or `where(row sees no key, 0, .)`, here or after the product |

    A mask that is made of booleans, `where(m, 0, c)`, `(1 - m) * c` and the like, moved or not, becomes a boolean
    operand if c is so low (-1e30, -inf) that unseen keys get the weight 0; that takes scores to be smaller than 2^90.
    What a row without any seen key gives is kept: zeros, NaN (`nan_rows`), or the mean of the values, for which the
    mask stays an addition of floats. A mask is a tensor like another: layers share it, and causality stays in it.

    The concatenation of a cache stays outside, as it is in the file: `concat(past, k)` is the key operand and an output
    of the model, which is where bound state is looked for. Products, scores and weights of 16-bit types are rounded as
    the op rounds them, wherever the factors of the scale stood. `why` says at which obligation a proof ended: rank,
    axis, scores, weights, queries, keys, values, heads, scale, mask.
  }];
  let options = [Option<"why", "why", "bool", "false", "remark on each softmax before a product that is no attention">];
  let statistics = [Statistic<"numAttentions", "attentions", "Attentions recognised">];
  let dependentDialects = ["::moec::onnx::ONNXDialect"];
}

def MakeEntriesPass : Pass<"make-entries", "::mlir::ModuleOp"> {
  let summary = "public functions of a model as entries of an artifact";
  let description = [{
    Functions whose arguments carry `onnx.name` become entries: `onnx.name` and `onnx.dim_names` become `rt.name` and
    `rt.dim_names`.
  }];
  let dependentDialects = ["::moec::rt::RTDialect"];
}

def BindStatePass : Pass<"rt-bind-state", "::mlir::ModuleOp"> {
  let summary = "caches that go in and come out longer as state of the session";
  let description = [{
    In: an entry with an input that one of its outputs continues, `output = concat(input, ...)`. Out: a `rt.state`
    instead of both; the concatenation is a `rt.append`, other uses of the input read `rt.past`.

    ```mlir
    %present = onnx.concat %past, %k {axis = 2}     ->     %present = rt.append %k to %state[%length](%batch)
    ```

    `pairs` are `PAST=PRESENT`, where both sides have one `*`, which stands for the same text, or none; or `auto`: each
    output that is the concatenation of an input of dynamic size and something. Dynamic sizes other than the one that
    grows are those of an input that stays and names a dimension alike. States whose growing dimensions have one name
    must have equal lengths in each run, which is checked. `max` gives the capacity by the name of the dimension.
    Without `pairs` and `max` the pass does nothing. Whatever is named and cannot be bound is an error.
  }];
  let options = [ListOption<"pairs", "pairs", "std::string", "pairs PAST=PRESENT, or auto">,
                 ListOption<"max", "max", "std::string", "capacities DIM=N; 4096 by default">];
  let statistics = [Statistic<"numStates", "states", "States bound">];
  let dependentDialects = ["::moec::onnx::ONNXDialect", "::moec::rt::RTDialect",
                           "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

#endif // MOEC_LIB_RECOGNISE_PASSES
