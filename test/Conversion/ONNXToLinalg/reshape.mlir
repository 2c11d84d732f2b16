// RUN: moe-opt %s -split-input-file -convert-onnx-to-linalg -verify-diagnostics | FileCheck %s

// Dimensions whose products are proved equal stay apart; nothing is checked.
// CHECK-LABEL: func @heads
// CHECK-NOT: rt.check
// CHECK-NOT: collapse_shape
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0], [1], [2, 3]] output_shape [%{{.*}}, %{{.*}}, 8, 64] : tensor<?x?x512xf32> into tensor<?x?x8x64xf32>
func.func @heads(%x: tensor<?x?x512xf32>) -> tensor<?x?x8x64xf32> {
  %shape = onnx.constant dense<[0, 0, -1, 64]> : tensor<4xi64>
  %y = onnx.reshape %x, %shape : (tensor<?x?x512xf32>, tensor<4xi64>) -> tensor<?x?x8x64xf32>
  return %y : tensor<?x?x8x64xf32>
}

// -----

// Tokens of a batch become one dimension.
// CHECK-LABEL: func @flatten_tokens
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x?x64xf32> into tensor<?x64xf32>
func.func @flatten_tokens(%x: tensor<?x?x64xf32>) -> tensor<?x64xf32> {
  %y = onnx.flatten %x {axis = 2 : i64} : (tensor<?x?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// A shape that is data: sizes are read, what remains is divided, the number of elements is checked.
// CHECK-LABEL: func @runtime_shape
// CHECK: tensor.extract
// CHECK: rt.check %{{.*}}, invalid_argument, "the shape has a size below -1"
// CHECK: rt.check %{{.*}}, invalid_argument, "the shape has more than one -1"
// CHECK: arith.divsi
// CHECK: rt.check %{{.*}}, invalid_argument, "the shapes differ in their numbers of elements"
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1]] : tensor<?x6xf32> into tensor<?xf32>
// CHECK: tensor.expand_shape
func.func @runtime_shape(%x: tensor<?x6xf32>, %shape: tensor<2xi64>) -> tensor<?x?xf32> {
  %y = onnx.reshape %x, %shape : (tensor<?x6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// Whether an axis has size 1 is known in the run only.
// CHECK-LABEL: func @squeeze
// CHECK: rt.check %{{.*}}, invalid_argument, "the shapes differ in their numbers of elements"
func.func @squeeze(%x: tensor<?x8xui8>) -> tensor<8xui8> {
  %axes = onnx.constant dense<0> : tensor<1xi64>
  %y = onnx.squeeze %x, %axes : (tensor<?x8xui8>, tensor<1xi64>) -> tensor<8xui8>
  return %y : tensor<8xui8>
}

// -----

// CHECK-LABEL: func @runtime_axes
// CHECK: rt.check %{{.*}}, invalid_argument, "an axis is out of range"
// CHECK: rt.check %{{.*}}, invalid_argument, "an axis that is removed has another size than 1"
func.func @runtime_axes(%x: tensor<1x8xf32>, %axes: tensor<1xi64>) -> tensor<?xf32> {
  %y = onnx.squeeze %x, %axes : (tensor<1x8xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @unknown_rank(%x: tensor<?x8xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{has no code for results of 'tensor<*xf32>'}}
  %y = onnx.squeeze %x : (tensor<?x8xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}
