// RUN: moe-opt %s --convert-onnx-to-linalg -split-input-file | FileCheck %s

// Sums of narrow floats are f32.

// CHECK-LABEL: @mean
// CHECK: %[[S:.*]] = linalg.generic {{.*}}"parallel", "reduction"{{.*}} outs(%{{.*}} : tensor<?xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[S]] : tensor<?xf32>) outs(%{{.*}} : tensor<?xbf16>)
// CHECK: tensor.expand_shape {{.*}} into tensor<?x1xbf16>
func.func @mean(%x: tensor<?x8xbf16>) -> tensor<?x1xbf16> {
  %axes = onnx.constant dense<-1> : tensor<1xi64>
  %0 = onnx.reduce mean %x, %axes {keepdims} : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x1xbf16>
  return %0 : tensor<?x1xbf16>
}

// -----

// Axes that a run decides: one loop over the result and one over what is reduced for each.

// CHECK: affine_map<(d0, d1, d2, d3) -> (d0 + d2, d1 + d3)>
// CHECK-LABEL: @run_time
// CHECK: rt.check {{.*}} "an axis is not one of x"
// CHECK: "parallel", "parallel", "reduction", "reduction"
func.func @run_time(%x: tensor<?x8xf32>, %axes: tensor<1xi64>) -> tensor<?x?xf32> {
  %0 = onnx.reduce sum %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Both passes of an arg-extremum are reductions on vectors.

// CHECK-LABEL: @argmax
// CHECK: %[[B:.*]] = linalg.generic
// CHECK: arith.maximumf
// CHECK: linalg.generic {{.*}} ins(%arg0, %[[B]]
// CHECK: linalg.index 1
// CHECK: arith.minsi
func.func @argmax(%x: tensor<?x8xf32>) -> tensor<?x1xi64> {
  %0 = onnx.argmax %x {axis = 1 : i64, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xi64>
  return %0 : tensor<?x1xi64>
}

// -----

// A few choices in rows are selected, others sorted.

// Floats along the last axis are selected, whatever k is; other axes are sorted.
// CHECK-LABEL: @topk
// CHECK: tile.select keys(%arg0 : tensor<?x8xf32>) outs(%{{.*}} : tensor<?x2xi32>, %{{.*}} : tensor<?x2xf32>)
// CHECK: rt.check {{.*}} "k is not between 0 and the size of the axis"
// CHECK: tile.select keys(%arg0 : tensor<?x8xf32>) outs(%{{.*}} : tensor<?x?xi32>, %{{.*}} : tensor<?x?xf32>)
// CHECK: rt.check {{.*}} "k is not between 0 and the size of the axis"
// CHECK: tile.sort keys(%arg0 : tensor<?x8xf32>) outs({{.*}}) {axis = 0 : i64, descending}
func.func @topk(%x: tensor<?x8xf32>, %n: tensor<1xi64>)
    -> (tensor<?x2xf32>, tensor<?x2xi64>, tensor<?x?xf32>, tensor<?x?xi64>, tensor<?x8xf32>, tensor<?x8xi64>) {
  %k = onnx.constant dense<2> : tensor<1xi64>
  %v, %i = onnx.topk %x, %k {axis = 1 : i64} : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %u, %h = onnx.topk %x, %n {axis = 1 : i64} : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x?xf32>, tensor<?x?xi64>)
  %w, %j = onnx.topk %x, %n {axis = 0 : i64} : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x8xf32>, tensor<?x8xi64>)
  return %v, %i, %u, %h, %w, %j : tensor<?x2xf32>, tensor<?x2xi64>, tensor<?x?xf32>, tensor<?x?xi64>, tensor<?x8xf32>, tensor<?x8xi64>
}

// A vector is one row.
// CHECK-LABEL: @topk_of_vector
// CHECK: %[[ROW:.*]] = tensor.expand_shape %arg0 {{.*}} into tensor<1x8xf32>
// CHECK: tile.select keys(%{{.*}} : tensor<1x8xf32>) source(%[[ROW]] : tensor<1x8xf32>)
// CHECK: tensor.collapse_shape {{.*}} into tensor<3xf32>
func.func @topk_of_vector(%x: tensor<8xf32>) -> (tensor<3xf32>, tensor<3xi64>) {
  %k = onnx.constant dense<3> : tensor<1xi64>
  %v, %i = onnx.topk %x, %k {axis = 0 : i64, largest = false} : (tensor<8xf32>, tensor<1xi64>) -> (tensor<3xf32>, tensor<3xi64>)
  return %v, %i : tensor<3xf32>, tensor<3xi64>
}

// A softmax ignores NaN in the maximum, which makes the sum NaN anyway, and divides once per row.
// CHECK-LABEL: @softmax
// CHECK: arith.maxnumf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: ^bb0(%[[EXP:.*]]: f32, %[[SUM:.*]]: f32, %{{.*}}: f32):
// CHECK: %[[SCALE:.*]] = arith.divf %{{.*}}, %[[SUM]]
// CHECK: arith.mulf %[[EXP]], %[[SCALE]]
func.func @softmax(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = onnx.softmax %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
