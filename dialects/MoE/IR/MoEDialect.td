//===- MoEDialect.td - Dialect and op base class --------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOEDIALECT
#define MOEC_DIALECTS_MOE_IR_MOEDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def MoE_Dialect : Dialect {
  let name = "moe";
  let cppNamespace = "::moec::moe";
  let summary = "Meaning of mixture-of-experts layers";
  let description = [{
    A mixture-of-experts layer computes, for token `t` with hidden state `x[t]`,

    ```
    out[t] = sum over j < k of  weight[t, j] * expert(ids[t, j], x[t])
    ```

    and the dialect has one op per stage of that sum:

    ```mlir
    %ids, %weights = moe.route %logits {k = 2} : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
    %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 8}
        : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>, tensor<9xi32>, tensor<?x2xi32>
    %y = moe.expert %rows, %offsets, %gate_up, %down {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
        : tensor<?x64xf32>, tensor<9xi32>, tensor<8x192x64xf32>, tensor<8x64x96xf32> -> tensor<?x64xf32>
    %out = moe.combine %y at %positions by %weights
        : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
    ```

    The dialect says *what* is computed. It knows no hardware, no padding, no blocks and no threads: rows between
    `dispatch` and `combine` are *ragged*, exactly as many as there are (token, choice) pairs that an expert takes.
    Residuals, norms and shared experts are ordinary ops around it.

    Every setting in which published systems differ is an attribute whose default is the identity, so that Mixtral's
    router sets two attributes and DeepSeek-V3's six. The stages and their order are those of the router pipeline in
    `docs/rationale/moe.md`. Randomness is always an operand: there is no hidden generator.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class MoE_Op<string mnemonic, list<Trait> traits = []>
    : Op<MoE_Dialect, mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

// Operand kinds. `float` is any storage type that moe computes with.
def MoE_Float : AnyTypeOf<[F16, BF16, F32, F64], "f16, bf16, f32 or f64">;
def MoE_Matrix : TensorRankOf<[MoE_Float], [2]>;
def MoE_Vector : TensorRankOf<[MoE_Float], [1]>;
def MoE_Stack : TensorRankOf<[MoE_Float], [3]>;
def MoE_IndexMatrix : TensorRankOf<[I32], [2]>;
def MoE_IndexVector : TensorRankOf<[I32], [1]>;

#endif // MOEC_DIALECTS_MOE_IR_MOEDIALECT
