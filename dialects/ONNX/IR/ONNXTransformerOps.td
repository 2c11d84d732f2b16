//===- ONNXTransformerOps.td - Attention, rotary, contrib MoE -*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXTRANSFORMEROPS
#define MOEC_DIALECTS_ONNX_IR_ONNXTRANSFORMEROPS

include "dialects/ONNX/IR/ONNXDialect.td"
include "dialects/ONNX/IR/ONNXAttrs.td"

def ONNX_RotaryEmbeddingOp : ONNX_Op<"rotary_embedding"> {
  let summary = "rotate pairs of features by an angle per position";
  let description = [{
    `x` is batch x heads x sequence x head size, or batch x sequence x hidden with `num_heads` set. The first
    `rotary_dim` features of a head (all, if 0) form pairs (a, b), of the two halves, or of neighbours if
    `interleaved`, and become `(a cos - b sin, a sin + b cos)`; the others stay. The caches are batch x sequence x
    rotary_dim / 2, where a batch of 1 serves all, or with `position_ids` (batch x sequence) positions x rotary_dim
    / 2.

    ```mlir
    %0 = onnx.rotary_embedding %x, %cos, %sin, %positions
        : (tensor<?x4x?x16xf32>, tensor<64x8xf32>, tensor<64x8xf32>, tensor<?x?xi64>) -> tensor<?x4x?x16xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$cos_cache, ONNX_FloatTensor:$sin_cache,
    Optional<ONNX_I64Tensor>:$position_ids, UnitAttr:$interleaved,
    DefaultValuedAttr<I64Attr, "0">:$num_heads, DefaultValuedAttr<I64Attr, "0">:$rotary_dim);
  let results = (outs ONNX_FloatTensor:$result);
}

def ONNX_AttentionOp : ONNX_Op<"attention", [AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "scaled dot-product attention";
  let description = [{
    ONNX's Attention: with K and V preceded by `past_key` and `past_value`, `y = softmax(softcap(scale * q k^T) +
    mask) v` for each head. q, k, v are batch x heads x sequence x head size, or batch x sequence x hidden with
    `q_num_heads` and `kv_num_heads` set; each key head serves `q_num_heads / kv_num_heads` query heads. `scale` is
    1 / sqrt(head size) if absent, and its root multiplies q and k. `softcap` c > 0 maps s to `c tanh(s / c)`. A
    boolean mask keeps where it is true, a float mask is added. `causal` lets query i see keys j <= i + offset,
    where offset is the past length, or `nonpad_kv_seqlen[b]` minus the number of queries; windows (unless negative)
    limit how far left and right of i + offset a query sees. A row whose scores are all -inf, as those without a
    visible key, gives zeros, or NaN with `nan_rows`.
    `qk_matmul_output_mode` tells what the fourth result holds: 0 scaled products, 1 after softcap, 2 after the
    mask, 3 after softmax.

    ```mlir
    %y = onnx.attention %q, %k, %v mask(%m : tensor<?x?xi1>) {causal}
        : (tensor<?x4x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x4x?x16xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$q, ONNX_FloatTensor:$k, ONNX_FloatTensor:$v, Optional<ONNX_Tensor>:$mask,
    Optional<ONNX_FloatTensor>:$past_key, Optional<ONNX_FloatTensor>:$past_value,
    Optional<ONNX_I64Tensor>:$nonpad_kv_seqlen, UnitAttr:$causal,
    DefaultValuedAttr<I64Attr, "0">:$q_num_heads, DefaultValuedAttr<I64Attr, "0">:$kv_num_heads,
    OptionalAttr<F32Attr>:$scale, DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
    OptionalAttr<TypeAttrOf<AnyFloat>>:$softmax_type,
    DefaultValuedAttr<I64Attr, "-1">:$left_window, DefaultValuedAttr<I64Attr, "-1">:$right_window,
    DefaultValuedAttr<I64Attr, "0">:$qk_matmul_output_mode, UnitAttr:$nan_rows);
  let results = (outs ONNX_FloatTensor:$y, Optional<ONNX_FloatTensor>:$present_key,
    Optional<ONNX_FloatTensor>:$present_value, Optional<ONNX_FloatTensor>:$qk_matmul_output);
  let assemblyFormat = [{
    $q `,` $k `,` $v
    oilist(`mask` `(` $mask `:` type($mask) `)`
         | `past` `(` $past_key `,` $past_value `:` type($past_key) `,` type($past_value) `)`
         | `seqlen` `(` $nonpad_kv_seqlen `:` type($nonpad_kv_seqlen) `)`)
    attr-dict `:` `(` type($q) `,` type($k) `,` type($v) `)` `->` type($y)
    (`present` `(` type($present_key)^ `,` type($present_value) `)`)?
    (`qk` `(` type($qk_matmul_output)^ `)`)?
  }];
}

def ONNX_ContribMoEOp : ONNX_Op<"contrib_moe", [AttrSizedOperandSegments]> {
  let summary = "ONNX Runtime's com.microsoft MoE, as the file says it";
  let description = [{
    `x` is T x H or B x S x H. The scores are a softmax of `router`, T x E (logits, whatever the file calls them),
    over all experts; each token takes the `k` best experts, whose weights are divided by their sum if `normalize`.

    ```
    h = act(fc1 x + b1) * (fc3 x + b3)      the second factor only with fc3
    out = sum over the chosen e of weight[e] * (fc2[e] h + b2[e])
    ```

    Weights are E x out x in. `swiglu` halves the rows of fc1: with `swiglu_fusion` 1 they alternate g0, l0, g1, l1
    …, with 2 the gate rows come first, with 0 the linear part is fc3; `h = G * sigmoid(alpha * G) * (L + beta)`,
    where `swiglu_limit` clamps G from above and L on both sides. Alpha and beta have no effect on other
    activations. `gelu` is the tanh form. Ties, the sparse mixer and `swiglu_fusion = 0` without fc3 mean different
    things to different providers: the conversion to `moe` takes the reading as an option.

    ```mlir
    %y = onnx.contrib_moe %x, %router, %fc1, %fc2 {activation = #onnx.expert_activation<silu>, k = 2 : i64, normalize}
        : (tensor<?x8xf32>, tensor<?x4xf32>, tensor<4x16x8xf32>, tensor<4x8x16xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$router, ONNX_FloatTensor:$fc1, ONNX_FloatTensor:$fc2,
    Optional<ONNX_FloatTensor>:$fc1_bias, Optional<ONNX_FloatTensor>:$fc2_bias,
    Optional<ONNX_FloatTensor>:$fc3, Optional<ONNX_FloatTensor>:$fc3_bias,
    I64Attr:$k, ONNX_ExpertActivationAttr:$activation, UnitAttr:$normalize, UnitAttr:$use_sparse_mixer,
    DefaultValuedAttr<I64Attr, "0">:$swiglu_fusion,
    DefaultValuedAttr<F32Attr, "1.0f">:$activation_alpha, DefaultValuedAttr<F32Attr, "0.0f">:$activation_beta,
    OptionalAttr<F32Attr>:$swiglu_limit);
  let results = (outs ONNX_FloatTensor:$result);
  let assemblyFormat = [{
    $x `,` $router `,` $fc1 `,` $fc2
    oilist(`fc1_bias` `(` $fc1_bias `:` type($fc1_bias) `)` | `fc2_bias` `(` $fc2_bias `:` type($fc2_bias) `)`
         | `fc3` `(` $fc3 `:` type($fc3) `)` | `fc3_bias` `(` $fc3_bias `:` type($fc3_bias) `)`)
    attr-dict `:` `(` type($x) `,` type($router) `,` type($fc1) `,` type($fc2) `)` `->` type($result)
  }];
}

#endif // MOEC_DIALECTS_ONNX_IR_ONNXTRANSFORMEROPS
