// RUN: moe-opt %s -split-input-file -convert-onnx-to-linalg -verify-diagnostics | FileCheck %s

// Indices are checked before anything is read; a row keeps its vectors.
// CHECK-LABEL: func @embedding
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "reduction"]}
// CHECK: arith.cmpi uge
// CHECK: rt.check %{{.*}}, invalid_argument, "an index is out of range"
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel"]}
// CHECK: %[[COLUMN:.*]] = linalg.index 2
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[COLUMN]]] : tensor<99x8xf32>
func.func @embedding(%x: tensor<99x8xf32>, %ids: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %y = onnx.gather %x, %ids {axis = 0 : i64} : (tensor<99x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// Known indices into a known size were checked by inference.
// CHECK-LABEL: func @known
// CHECK-NOT: rt.check
// CHECK: return
func.func @known(%x: tensor<4x8xf32>) -> tensor<8xf32> {
  %i = onnx.constant dense<-1> : tensor<i64>
  %y = onnx.gather %x, %i {axis = 0 : i64} : (tensor<4x8xf32>, tensor<i64>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// -----

// CHECK-LABEL: func @elements
// CHECK: rt.check %{{.*}}, invalid_argument, "indices are larger than the operand along another axis"
// CHECK: rt.check %{{.*}}, invalid_argument, "an index is out of range"
func.func @elements(%x: tensor<?x8xf32>, %i: tensor<?x2xi32>) -> tensor<?x2xf32> {
  %y = onnx.gather_elements %x, %i {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x2xi32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Each entry of a tuple has its own bound.
// CHECK-DAG: #[[FIRST:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[SECOND:.*]] = affine_map<(d0, d1) -> (d0, 1)>
// CHECK-LABEL: func @tuples
// CHECK: arith.select
// CHECK: rt.check %{{.*}}, invalid_argument, "an index is out of range"
// CHECK: linalg.generic {indexing_maps = [#[[FIRST]], #[[SECOND]],
func.func @tuples(%x: tensor<8x4x6xf32>, %i: tensor<?x2xi64>) -> tensor<?x6xf32> {
  %y = onnx.gather_nd %x, %i : (tensor<8x4x6xf32>, tensor<?x2xi64>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}
