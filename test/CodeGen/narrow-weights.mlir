// RUN: moe-opt --narrow-weights=dtype=bf16 %s | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: moe-opt --narrow-weights=dtype=f16 %s | moe-opt | FileCheck %s --check-prefixes=CHECK,F16
// RUN: moe-opt --narrow-weights %s | FileCheck %s --check-prefix=FILE
// RUN: not moe-opt --narrow-weights=dtype=f8 %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: moe-opt --pass-pipeline="builtin.module(moe-to-cpu{levels=avx2 weights-dtype=f16})" %s | FileCheck %s --check-prefix=PIPELINE

// UNKNOWN: error: narrow-weights: there are bf16, f16 and file, not 'f8'
// PIPELINE-DAG: rt.weight @w : !tile.packed<1x40x24xf16>
// PIPELINE-DAG: rt.weight @router : !tile.packed<1x8x24xf32>

// A matrix that a product reads is rounded, and keeps its name.
// BF16: rt.weight @w : !tile.packed<1x40x24xbf16> = #rt.pack<#rt.cast<#rt.file<"w", 0, tensor<40x24xf32>>, bf16, finite = true>, 1>
// F16: rt.weight @w : !tile.packed<1x40x24xf16> = #rt.pack<#rt.cast<#rt.file<"w", 0, tensor<40x24xf32>>, f16, finite = true>, 1>
// FILE: rt.weight @w : !tile.packed<1x40x24xf32> = #rt.pack<#rt.file<"w", 0, tensor<40x24xf32>>, 1>
rt.weight @w : !tile.packed<1x40x24xf32> = #rt.pack<#rt.file<"w", 0, tensor<40x24xf32>>, 1>

// What a selection ranks is not.
// CHECK: rt.weight @router : !tile.packed<1x8x24xf32> = #rt.pack<#rt.file<"router"
rt.weight @router : !tile.packed<1x8x24xf32> = #rt.pack<#rt.file<"router", 0, tensor<8x24xf32>>, 1>

// What the file holds in 16 bits is packed so, by any option and of whichever type, and once.
// CHECK: rt.weight @half : !tile.packed<1x40x24xf16> = #rt.pack<#rt.file<"h", 0, tensor<40x24xf16>>, 1>
// CHECK-NOT: rt.weight @widened
// FILE: rt.weight @half : !tile.packed<1x40x24xf16> = #rt.pack<#rt.file<"h", 0, tensor<40x24xf16>>, 1>
// FILE-NOT: rt.weight @widened
rt.weight @half : !tile.packed<1x40x24xf16> = #rt.pack<#rt.file<"h", 0, tensor<40x24xf16>>, 1>
rt.weight @widened : !tile.packed<1x40x24xf32> = #rt.pack<#rt.cast<#rt.file<"h", 0, tensor<40x24xf16>>, f32>, 1>

// A bias and a table are not read by panels.
// CHECK: rt.weight @bias : tensor<1x40xf32>
rt.weight @bias : tensor<1x40xf32> = #rt.file<"b", 0, tensor<1x40xf32>>

// CHECK-LABEL: func.func @products
// BF16: %[[W:.*]] = rt.get_weight @w : !tile.packed<1x40x24xbf16>
// CHECK: rt.get_weight @half : !tile.packed<1x40x24xf16>
// CHECK-NEXT: rt.get_weight @half : !tile.packed<1x40x24xf16>
// BF16: tile.ragged_matmul rows(%{{.*}} : tensor<?x24xf32>) slabs(%[[W]] : !tile.packed<1x40x24xbf16>)
func.func @products(%x: tensor<?x24xf32> {rt.name = "x"})
    -> (tensor<?x40xf32> {rt.name = "a"}, tensor<?x40xf32> {rt.name = "b"}, tensor<?x40xf32> {rt.name = "c"})
    attributes {rt.entry} {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x24xf32>
  %w = rt.get_weight @w : !tile.packed<1x40x24xf32>
  %half = rt.get_weight @half : !tile.packed<1x40x24xf16>
  %widened = rt.get_weight @widened : !tile.packed<1x40x24xf32>
  %bias = rt.get_weight @bias : tensor<1x40xf32>
  %outs = tensor.empty(%n) : tensor<?x40xf32>
  %a = tile.ragged_matmul rows(%x : tensor<?x24xf32>) slabs(%w : !tile.packed<1x40x24xf32>)
      col_args(%bias : tensor<1x40xf32>) outs(%outs : tensor<?x40xf32>) -> tensor<?x40xf32> epilogue {
  ^bb0(%sum: f32, %b: f32):
    %y = arith.addf %sum, %b : f32
    tile.yield %y : f32
  }
  %b = tile.ragged_matmul rows(%x : tensor<?x24xf32>) slabs(%half : !tile.packed<1x40x24xf16>)
      outs(%outs : tensor<?x40xf32>) -> tensor<?x40xf32> epilogue {
  ^bb0(%sum: f32):
    tile.yield %sum : f32
  }
  %c = tile.ragged_matmul rows(%x : tensor<?x24xf32>) slabs(%widened : !tile.packed<1x40x24xf32>)
      outs(%outs : tensor<?x40xf32>) -> tensor<?x40xf32> epilogue {
  ^bb0(%sum: f32):
    tile.yield %sum : f32
  }
  return %a, %b, %c : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>
}

// Through what is done to scores on the way.
func.func @choose(%x: tensor<?x24xf32> {rt.name = "x"}) -> (tensor<?x2xi32> {rt.name = "ids"}) attributes {rt.entry} {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x24xf32>
  %w = rt.get_weight @router : !tile.packed<1x8x24xf32>
  %outs = tensor.empty(%n) : tensor<?x8xf32>
  %logits = tile.ragged_matmul rows(%x : tensor<?x24xf32>) slabs(%w : !tile.packed<1x8x24xf32>)
      outs(%outs : tensor<?x8xf32>) -> tensor<?x8xf32> epilogue {
  ^bb0(%sum: f32):
    tile.yield %sum : f32
  }
  %scores = linalg.softmax dimension(1) ins(%logits : tensor<?x8xf32>) outs(%outs : tensor<?x8xf32>) -> tensor<?x8xf32>
  %ids = tensor.empty(%n) : tensor<?x2xi32>
  %values = tensor.empty(%n) : tensor<?x2xf32>
  %chosen:2 = tile.select keys(%scores : tensor<?x8xf32>) outs(%ids : tensor<?x2xi32>, %values : tensor<?x2xf32>)
      {tie = #tile.tie<lower_index>} -> tensor<?x2xi32>, tensor<?x2xf32>
  return %chosen#0 : tensor<?x2xi32>
}
