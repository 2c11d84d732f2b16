// RUN: moe-opt %s -split-input-file -convert-onnx-to-linalg -verify-diagnostics | FileCheck %s

// Tuples become places of rows; the input of an entry is not the place for the result.
// CHECK-LABEL: func @rows
// CHECK-SAME: bufferization.writable = false
// CHECK: rt.check %{{.*}}, invalid_argument, "an index is out of range"
// CHECK: tile.scatter updates(%{{.*}} : tensor<?x8xf32>) places(%{{.*}} : tensor<?xi64>) outs(%{{.*}} : tensor<?x8xf32>) {combine = #tile.combine<add>}
func.func @rows(%x: tensor<?x8xf32>, %i: tensor<?x1xi64> {onnx.dim_names = ["n", ""]},
                %u: tensor<?x8xf32> {onnx.dim_names = ["n", ""]}) -> tensor<?x8xf32> attributes {rt.entry} {
  %y = onnx.scatter_nd %x, %i, %u {reduction = #onnx.reduction<add>}
      : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Single elements are rows of one; sums of narrow floats are in f32; unsigned order is its own.
// CHECK-LABEL: func @elements
// CHECK: arith.extf %{{.*}} : bf16 to f32
// CHECK: tile.scatter updates(%{{.*}} : tensor<8x1xf32>) places(%{{.*}} : tensor<8xi64>) outs(%{{.*}} : tensor<32x1xf32>) {combine = #tile.combine<add>}
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: outs(%{{.*}} : tensor<32x1xi8>) {combine = #tile.combine<maxu>}
func.func @elements(%x: tensor<4x8xbf16>, %v: tensor<4x8xui8>, %i: tensor<4x2xi64>, %u: tensor<4x2xbf16>, %w: tensor<4x2xui8>)
    -> (tensor<4x8xbf16>, tensor<4x8xui8>) {
  %y = onnx.scatter_elements %x, %i, %u {axis = 1 : i64, reduction = #onnx.reduction<add>}
      : (tensor<4x8xbf16>, tensor<4x2xi64>, tensor<4x2xbf16>) -> tensor<4x8xbf16>
  %z = onnx.scatter_elements %v, %i, %w {axis = 1 : i64, reduction = #onnx.reduction<max>}
      : (tensor<4x8xui8>, tensor<4x2xi64>, tensor<4x2xui8>) -> tensor<4x8xui8>
  return %y, %z : tensor<4x8xbf16>, tensor<4x8xui8>
}

// -----

// CHECK-LABEL: func @unrelated
// CHECK: rt.check %{{.*}}, invalid_argument, "updates differ in size from what the indices address"
func.func @unrelated(%x: tensor<?xf32>, %i: tensor<?xi64>, %u: tensor<?xf32>) -> tensor<?xf32> {
  %y = onnx.scatter_elements %x, %i, %u {axis = 0 : i64} : (tensor<?xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// The number of flags that are set is read before the result is made.
// CHECK-LABEL: func @nonzero
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction"]}
// CHECK: %[[COUNT:.*]] = tensor.extract
// CHECK: arith.index_cast %[[COUNT]] : i64 to index
// CHECK: tile.compact flags(%{{.*}} : tensor<?xi8>) outs(%{{.*}} : tensor<?xi64>)
func.func @nonzero(%x: tensor<?x8xi1>) -> tensor<2x?xi64> {
  %y = onnx.nonzero %x : (tensor<?x8xi1>) -> tensor<2x?xi64>
  return %y : tensor<2x?xi64>
}
