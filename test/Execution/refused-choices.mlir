// Choices of no expert (-1) have no row: rows of a dispatch that are read in memory are as many as there are experts'
// choices, and a static type that counts more ends the run.
// RUN: moec run %s | FileCheck %s
// RUN: moec run --interpret %s | FileCheck %s --check-prefix=INTERPRETED
// RUN: sed 's/tensor<?x1xf32>/tensor<4x1xf32>/g' %s >%t.static.mlir
// RUN: not moec run %t.static.mlir 2>&1 | FileCheck %s --check-prefix=STATIC
// CHECK: rows f32[2,1]: 4 1
// CHECK: offsets i32[4]: 0 1 1 2
// INTERPRETED: tensor<2x1xf32> {{\[\[}}4{{.*}}], [1{{.*}}]]
// STATIC: moe.dispatch: choices are refused, so there are fewer rows than the 4 of its type

func.func @main() -> (tensor<?x1xf32> {rt.name = "rows"}, tensor<4xi32> {rt.name = "offsets"}) attributes {rt.entry} {
  %x = arith.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %ids = arith.constant dense<[[2], [-1], [-1], [0]]> : tensor<4x1xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3}
    : tensor<4x1xf32>, tensor<4x1xi32> -> tensor<?x1xf32>, tensor<4xi32>, tensor<4x1xi32>
  return %rows, %offsets : tensor<?x1xf32>, tensor<4xi32>
}
