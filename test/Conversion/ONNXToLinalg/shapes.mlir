// RUN: moe-opt %s -split-input-file -convert-onnx-to-linalg -verify-diagnostics | FileCheck %s

// Sizes that only a run decides are checked before memory is made of them.
// CHECK-LABEL: func @constant_of_shape
// CHECK: rt.check %{{.*}}, invalid_argument, "a size is negative"
// CHECK: linalg.fill
func.func @constant_of_shape(%n: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = onnx.constant_of_shape %n {value = dense<1.5> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// Heads of keys are repeated for a group of queries: rows are read as they are.
// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, 0, d3, d4)>
// CHECK-LABEL: func @expand_heads
// CHECK-NOT: rt.check
// CHECK: linalg.generic {indexing_maps = [#[[IN]],
func.func @expand_heads(%x: tensor<?x2x1x?x64xf32>) -> tensor<?x2x4x?x64xf32> {
  %shape = onnx.constant dense<[1, 1, 4, 1, 1]> : tensor<5xi64>
  %y = onnx.expand %x, %shape : (tensor<?x2x1x?x64xf32>, tensor<5xi64>) -> tensor<?x2x4x?x64xf32>
  return %y : tensor<?x2x4x?x64xf32>
}

// -----

// CHECK-LABEL: func @runtime_expand
// CHECK: rt.check %{{.*}}, invalid_argument, "the operand does not broadcast to the shape"
// CHECK: linalg.generic
func.func @runtime_expand(%x: tensor<?xf32>, %shape: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = onnx.expand %x, %shape : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func @runtime_range
// CHECK: rt.check %{{.*}}, invalid_argument, "delta is zero"
// CHECK: arith.divsi
// CHECK: linalg.generic
// CHECK: linalg.index 0
// CHECK: arith.muli
func.func @runtime_range(%a: tensor<i64>, %b: tensor<i64>, %c: tensor<i64>) -> tensor<?xi64> {
  %y = onnx.range %a, %b, %c : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return %y : tensor<?xi64>
}

// -----

func.func @strings(%n: tensor<1xi64>) -> tensor<?xf8E4M3FN> {
  // expected-error @+1 {{has no code for results of 'tensor<?xf8E4M3FN>'}}
  %y = onnx.constant_of_shape %n {value = dense<1.0> : tensor<1xf8E4M3FN>} : (tensor<1xi64>) -> tensor<?xf8E4M3FN>
  return %y : tensor<?xf8E4M3FN>
}
