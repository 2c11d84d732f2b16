// RUN: moe-opt %s --allow-tf32 | FileCheck %s

// A router's product decides in jumps, and stays exact.
// CHECK-LABEL: func.func @layer
// CHECK: tile.ragged_matmul
// CHECK-NOT: tile.allow_tf32
// CHECK: tile.select
// CHECK: tile.ragged_matmul
// CHECK-SAME: {tile.allow_tf32}
func.func @layer(%x: tensor<?x64xf32>, %r: !tile.packed<1x32x64xf32>, %w: !tile.packed<1x64x64xf32>, %n: index)
    -> (tensor<?x2xi32>, tensor<?x64xf32>) {
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %z = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%r : !tile.packed<1x32x64xf32>)
      outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32> epilogue {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  %i = tensor.empty(%n) : tensor<?x2xi32>
  %v = tensor.empty(%n) : tensor<?x2xf32>
  %ids, %s = tile.select keys(%z : tensor<?x32xf32>) outs(%i : tensor<?x2xi32>, %v : tensor<?x2xf32>)
      {tie = #tile.tie<lower_index>} -> tensor<?x2xi32>, tensor<?x2xf32>
  %o = tensor.empty(%n) : tensor<?x64xf32>
  %y = tile.ragged_matmul rows(%x : tensor<?x64xf32>) slabs(%w : !tile.packed<1x64x64xf32>)
      outs(%o : tensor<?x64xf32>) -> tensor<?x64xf32> epilogue {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  return %ids, %y : tensor<?x2xi32>, tensor<?x64xf32>
}
