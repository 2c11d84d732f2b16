//===- RTDialect.td - Dialect and op base class ------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RTDIALECT
#define MOEC_DIALECTS_RT_IR_RTDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def RT_Dialect : Dialect {
  let name = "rt";
  let cppNamespace = "::moec::rt";
  let summary = "What compiled code asks of the runtime";
  let description = [{
    Host code in this dialect computes nothing: it names weights, launches kernels over units of work, obtains the
    memory of outputs and session state, and checks what can only be checked at run time. Each op stands for one
    slot of the function table in `moert/abi.h`.

    ```mlir
    rt.weight @scale : tensor<64xf32> = #rt.file<"model.onnx.data", 4096, tensor<64xf32>>

    func.func private @mul(%begin: index, %end: index, %x: memref<?x64xf32>, %s: memref<64xf32>,
                           %y: memref<?x64xf32>) attributes {rt.kernel} { ... }

    func.func @main(%x: memref<?x64xf32> {rt.name = "x", rt.dim_names = ["rows", ""]})
        attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<?x64xf32> dims["rows", ""]>]} {
      %c0 = arith.constant 0 : index
      %rows = memref.dim %x, %c0 : memref<?x64xf32>
      %s = rt.get_weight @scale : memref<64xf32>
      %y = rt.output 0(%rows) : memref<?x64xf32>
      rt.launch @mul units(%rows) (%x, %s, %y) : memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>
      return
    }
    ```

    A *kernel* is a private `func.func` with the unit attribute `rt.kernel` and no results. Its first two arguments
    are the range [begin, end) of units it processes. It must not allocate or call the runtime. Any other function
    with a body is *host code*, which runs on one thread.

    An *entry* is a public `func.func` with the unit attribute `rt.entry`. Its arguments and results carry

    | attribute | value | meaning |
    |---|---|---|
    | `rt.name` | string | name in the signature; `input0`, `output0` and so on by default |
    | `rt.dim_names` | array of strings | a name per dimension, "" for none; equal names mean equal sizes |
    | `rt.dtype` | string | element type where the type does not tell it: `bool`, `u8`, `u16`, `u32`, `u64` |

    Once results have become outputs (`--rt-place-outputs`), `rt.outputs` lists them as `#rt.value`. The module's
    string attribute `rt.metadata` is JSON text that goes into the artifact unchanged; `rt.grid`, an array of sizes, tells
    the ranks that run it together, numbered in row-major order. A `gpu.module` carries its code for the artifact in the
    string attributes `rt.chip`, `rt.ptx` and `rt.cubin`. `--convert-rt-to-llvm` leaves the
    artifact's build id, 16 bytes, in the module's `rt.build_id`.

    A *weight* is an expression over ranges of files and constants. Expressions are attributes: equal expressions are
    equal values. The builders of `WeightBuilders.h` bring them into a normal form.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    static constexpr llvm::StringLiteral kKernel = "rt.kernel";
    static constexpr llvm::StringLiteral kEntry = "rt.entry";
    static constexpr llvm::StringLiteral kOutputs = "rt.outputs";
    static constexpr llvm::StringLiteral kName = "rt.name";
    static constexpr llvm::StringLiteral kDimNames = "rt.dim_names";
    static constexpr llvm::StringLiteral kDType = "rt.dtype";
    static constexpr llvm::StringLiteral kMetadata = "rt.metadata";
    static constexpr llvm::StringLiteral kGrid = "rt.grid";
    /// Of a `gpu.module`: the chip that its code is for, the code as PTX, and as machine code.
    static constexpr llvm::StringLiteral kChip = "rt.chip";
    static constexpr llvm::StringLiteral kPtx = "rt.ptx";
    static constexpr llvm::StringLiteral kCubin = "rt.cubin";
    static constexpr int64_t kMostRanks = 1 << 20;
    static constexpr llvm::StringLiteral kBuildId = "rt.build_id";
  }];
}

class RT_Op<string mnemonic, list<Trait> traits = []> : Op<RT_Dialect, mnemonic, traits>;

#endif // MOEC_DIALECTS_RT_IR_RTDIALECT
