//===- RTWeightAttrs.td - Weight expressions and values ----*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RTWEIGHTATTRS
#define MOEC_DIALECTS_RT_IR_RTWEIGHTATTRS

include "dialects/RT/IR/RTDialect.td"
include "dialects/RT/IR/RTInterfaces.td"

class RT_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<RT_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

class RT_WeightExpr<string name, string attrMnemonic>
    : RT_Attr<name, attrMnemonic, [DeclareAttrInterfaceMethods<RT_WeightExprInterface, ["getSources"]>]> {
  let genVerifyDecl = 1;
}

// A nested expression. Dense constants print with their type, so it is always self-contained.
def RT_Source : AttrParameter<"::moec::rt::WeightExprInterface", "source expression">;
def RT_Sources : ArrayRefParameter<"::moec::rt::WeightExprInterface", "source expressions">;

def RT_FileAttr : RT_WeightExpr<"File", "file"> {
  let summary = "a range of a file";
  let description = [{
    The tensor of type `type` that lies at byte `offset` of the file `path`: row-major, little-endian, dense. A
    relative path is relative to the folder that the packer's options name. The element width is a multiple of 8 bits.

    ```mlir
    #rt.file<"model.onnx.data", 4096, tensor<8x192x64xf32>>
    ```
  }];
  let parameters = (ins StringRefParameter<"path">:$path, "int64_t":$offset, "::mlir::RankedTensorType":$type);
  let assemblyFormat = "`<` $path `,` $offset `,` $type `>`";
}

def RT_TransposeAttr : RT_WeightExpr<"Transpose", "transpose"> {
  let summary = "permuted dimensions";
  let description = [{
    `result.shape[i] = source.shape[permutation[i]]`, as `linalg.transpose`.

    ```mlir
    #rt.transpose<#rt.file<"w.bin", 0, tensor<8x64x192xf32>>, [0, 2, 1]>
    ```
  }];
  let parameters = (ins RT_Source:$source, ArrayRefParameter<"int64_t">:$permutation);
  let assemblyFormat = "`<` $source `,` `[` $permutation `]` `>`";
}

def RT_ReshapeAttr : RT_WeightExpr<"Reshape", "reshape"> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    ```mlir
    #rt.reshape<#rt.file<"w.bin", 0, tensor<8x64x192xf32>>, [512, 192]>
    ```
  }];
  let parameters = (ins RT_Source:$source, ArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = "`<` $source `,` `[` $shape `]` `>`";
}

def RT_SliceAttr : RT_WeightExpr<"Slice", "slice"> {
  let summary = "a box of elements";
  let description = [{
    `result[i] = source[offsets + i]` for `i` below `sizes`, one number of each per dimension.

    ```mlir
    #rt.slice<#rt.file<"w.bin", 0, tensor<8x64x192xf32>>, [3, 0, 0], [1, 64, 192]>
    ```
  }];
  let parameters = (ins RT_Source:$source, ArrayRefParameter<"int64_t">:$offsets, ArrayRefParameter<"int64_t">:$sizes);
  let assemblyFormat = "`<` $source `,` `[` $offsets `]` `,` `[` $sizes `]` `>`";
}

def RT_StackAttr : RT_WeightExpr<"Stack", "stack"> {
  let summary = "tensors of one type along a new leading dimension";
  let description = [{
    `result[e, ...] = sources[e][...]`.

    ```mlir
    #rt.stack<[#rt.file<"w.bin", 0, tensor<64x192xf32>>, #rt.file<"w.bin", 49152, tensor<64x192xf32>>]>
    ```
  }];
  let parameters = (ins RT_Sources:$elements);
  let assemblyFormat = "`<` `[` $elements `]` `>`";
}

def RT_ConcatAttr : RT_WeightExpr<"Concat", "concat"> {
  let summary = "tensors one after another along a dimension";
  let description = [{
    ```mlir
    #rt.concat<0, [#rt.file<"gate.bin", 0, tensor<96x64xf32>>, #rt.file<"up.bin", 0, tensor<96x64xf32>>]>
    ```
  }];
  let parameters = (ins "int64_t":$axis, RT_Sources:$elements);
  let assemblyFormat = "`<` $axis `,` `[` $elements `]` `>`";
}

def RT_CastAttr : RT_WeightExpr<"Cast", "cast"> {
  let summary = "elements converted to another floating-point type";
  let description = [{
    Rounds to nearest, ties to even, in one step; between f16, bf16, f32 and f64. With `finite = true` no finite number
    may become infinite: the packer fails on one that would.

    ```mlir
    #rt.cast<#rt.file<"w.bin", 0, tensor<64x192xf32>>, bf16>
    #rt.cast<#rt.file<"w.bin", 0, tensor<64x192xf32>>, f16, finite = true>
    ```
  }];
  let parameters = (ins RT_Source:$source, "::mlir::Type":$elementType, DefaultValuedParameter<"bool", "false">:$finite);
  let assemblyFormat = "`<` $source `,` $elementType (`,` `finite` `=` $finite^)? `>`";
}

def RT_PackAttr : RT_WeightExpr<"Pack", "pack"> {
  let summary = "panels for the matrix emitters";
  let description = [{
    Reorders `source`, [G, N, K] or [N, K] (then G = 1) of f32, f16 or bf16, into one slab per g. A slab is, for f32
    and f16, `[ceil(N / 32)][K][32]`, and for bf16 `[ceil(N / 32)][ceil(K / 2)][32][2]`; rows of N and K that do not
    exist are zeros. With `columns = 2`, row `c * n + i` of the source is column `n` of operand `i`: a panel holds 16
    columns of operand 0 and then the 16 matching ones of operand 1, and there are `ceil(N / 2 / 16)` panels. The same
    layout serves every instruction-set level. Only the outermost operation of an expression can be a pack.

    ```mlir
    #rt.pack<#rt.file<"w.bin", 0, tensor<8x192x64xf32>>, 2>
    ```
  }];
  let parameters = (ins RT_Source:$source, "int64_t":$columns);
  let assemblyFormat = "`<` $source `,` $columns `>`";
}

def RT_ValueAttr : RT_Attr<"Value", "value"> {
  let summary = "an output of an entry: name, type, names of its dimensions";
  let description = [{
    `dtype` overrides the element type as `rt.dtype` does; `dimNames` is empty or has a name per dimension.

    ```mlir
    #rt.value<"logits", tensor<?x?x32000xf32> dims["batch", "seq", ""]>
    ```
  }];
  let parameters = (ins StringRefParameter<"name">:$name, "::mlir::RankedTensorType":$type,
                    OptionalArrayRefParameter<"::mlir::StringAttr">:$dimNames,
                    OptionalParameter<"::mlir::StringAttr">:$dtype);
  let assemblyFormat = "`<` $name `,` $type (`dims` `[` $dimNames^ `]`)? (`dtype` $dtype^)? `>`";
  let genVerifyDecl = 1;
}

#endif // MOEC_DIALECTS_RT_IR_RTWEIGHTATTRS
