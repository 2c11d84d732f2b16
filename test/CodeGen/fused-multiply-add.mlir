// Products are chains of fused multiply-adds where the level has them: one rounding per summand, in every panel kernel.
// RUN: moec compile --emit=llvm %s -o - | FileCheck %s
// RUN: moec compile --emit=llvm %s -o - | FileCheck %s --check-prefix=NONE
// NONE-NOT: @llvm.fmuladd

// CHECK-LABEL: define internal {{.*}}panel_f32_v2_m1(
// CHECK-NOT: @llvm.fma.
// CHECK: fmul <4 x float>
// CHECK-LABEL: define internal {{.*}}panel_f32_avx2_m1(
// CHECK-NOT: fmul
// CHECK: @llvm.fma.v8f32
// CHECK-LABEL: define internal {{.*}}panel_f32_avx512_m1(
// CHECK-NOT: fmul
// CHECK: @llvm.fma.v16f32

rt.weight @w : !tile.packed<1x40x24xf32> = #rt.pack<dense<1.0> : tensor<40x24xf32>, 1>
func.func @main(%x: tensor<?x24xf32> {rt.name = "x"}) -> (tensor<?x40xf32> {rt.name = "y"}) attributes {rt.entry} {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x24xf32>
  %w = rt.get_weight @w : !tile.packed<1x40x24xf32>
  %outs = tensor.empty(%n) : tensor<?x40xf32>
  %y = tile.ragged_matmul rows(%x : tensor<?x24xf32>) slabs(%w : !tile.packed<1x40x24xf32>)
      outs(%outs : tensor<?x40xf32>) -> tensor<?x40xf32> epilogue {
  ^bb0(%sum: f32):
    tile.yield %sum : f32
  }
  return %y : tensor<?x40xf32>
}
