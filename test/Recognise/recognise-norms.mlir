// RUN: moe-opt %s --recognise-norms -split-input-file | FileCheck %s

// Square, mean, epsilon, square root, reciprocal, product, scale: what torch exports.
// CHECK-LABEL: @reciprocal(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x36xf32>, %[[W:.*]]: tensor<36xf32>
// CHECK-NEXT: %[[Y:.*]] = onnx.rms_norm %[[X]], %[[W]] {axis = 2 : i64, epsilon = 9.99999997E-7 : f32, stash = f32} : (tensor<?x?x36xf32>, tensor<36xf32>) -> tensor<?x?x36xf32>
// CHECK-NEXT: return %[[Y]]
func.func @reciprocal(%x: tensor<?x?x36xf32>, %w: tensor<36xf32>) -> tensor<?x?x36xf32> {
  %two = onnx.constant dense<2.0> : tensor<f32>
  %eps = onnx.constant dense<9.99999997E-7> : tensor<f32>
  %axes = onnx.constant dense<-1> : tensor<1xi64>
  %0 = onnx.binary pow %x, %two : (tensor<?x?x36xf32>, tensor<f32>) -> tensor<?x?x36xf32>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x?x36xf32>, tensor<1xi64>) -> tensor<?x?x1xf32>
  %2 = onnx.binary add %1, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %3 = onnx.unary sqrt %2 : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %4 = onnx.unary reciprocal %3 : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %5 = onnx.binary mul %x, %4 : (tensor<?x?x36xf32>, tensor<?x?x1xf32>) -> tensor<?x?x36xf32>
  %6 = onnx.binary mul %w, %5 : (tensor<36xf32>, tensor<?x?x36xf32>) -> tensor<?x?x36xf32>
  return %6 : tensor<?x?x36xf32>
}

// -----

// A square by multiplication, one divided by the root, every product in the other order.
// CHECK-LABEL: @division_of_one(
// CHECK: onnx.rms_norm %arg0, %arg1 {axis = 1 : i64, epsilon = 1.000000e+00 : f32, stash = f32}
func.func @division_of_one(%x: tensor<?x8xf32>, %w: tensor<1x8xf32>) -> tensor<?x8xf32> {
  %one = onnx.constant dense<1.0> : tensor<f32>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %2 = onnx.binary add %one, %1 : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %3 = onnx.unary sqrt %2 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %4 = onnx.binary div %one, %3 : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %5 = onnx.binary mul %4, %x : (tensor<?x1xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = onnx.binary mul %5, %w : (tensor<?x8xf32>, tensor<1x8xf32>) -> tensor<?x8xf32>
  return %6 : tensor<?x8xf32>
}

// -----

// A norm per head, over the last two axes, by a quotient, without scale.
// CHECK-LABEL: @quotient(
// CHECK: %[[ONE:.*]] = onnx.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK: onnx.rms_norm %arg0, %[[ONE]] {axis = 2 : i64, epsilon = 0.000000e+00 : f32, stash = f32} : (tensor<?x2x5x8xf32>, tensor<1xf32>)
func.func @quotient(%x: tensor<?x2x5x8xf32>) -> tensor<?x2x5x8xf32> {
  %two = onnx.constant dense<2> : tensor<i64>
  %axes = onnx.constant dense<[3, 2]> : tensor<2xi64>
  %0 = onnx.binary pow %x, %two : (tensor<?x2x5x8xf32>, tensor<i64>) -> tensor<?x2x5x8xf32>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x2x5x8xf32>, tensor<2xi64>) -> tensor<?x2x1x1xf32>
  %2 = onnx.unary sqrt %1 : (tensor<?x2x1x1xf32>) -> tensor<?x2x1x1xf32>
  %3 = onnx.binary div %x, %2 : (tensor<?x2x5x8xf32>, tensor<?x2x1x1xf32>) -> tensor<?x2x5x8xf32>
  return %3 : tensor<?x2x5x8xf32>
}

// -----

// The root by pow; the scale is not of the normalised axis and stays.
// CHECK-LABEL: @power(
// CHECK: %[[N:.*]] = onnx.rms_norm %arg0, %{{.*}} {axis = 1 : i64, epsilon = 5.000000e-01 : f32, stash = f32} : (tensor<4x8xf32>, tensor<1xf32>)
// CHECK: onnx.binary mul %[[N]], %arg1
func.func @power(%x: tensor<4x8xf32>, %gate: tensor<4x1xf32>) -> tensor<4x8xf32> {
  %two = onnx.constant dense<2.0> : tensor<f32>
  %exponent = onnx.constant dense<-0.5> : tensor<f32>
  %eps = onnx.constant dense<0.5> : tensor<1xf32>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary pow %x, %two : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  %2 = onnx.binary add %1, %eps : (tensor<4x1xf32>, tensor<1xf32>) -> tensor<4x1xf32>
  %3 = onnx.binary pow %2, %exponent : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %4 = onnx.binary mul %x, %3 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %5 = onnx.binary mul %4, %gate : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}

// -----

// 16 bits, normalised in 32, rounded, then scaled.
// CHECK-LABEL: @scaled_after_rounding(
// CHECK-NEXT: onnx.rms_norm %arg0, %arg1 {axis = 1 : i64, epsilon = 1.000000e+00 : f32, stash = f32} : (tensor<?x8xbf16>, tensor<8xbf16>) -> tensor<?x8xbf16>
// CHECK-NEXT: return
func.func @scaled_after_rounding(%x: tensor<?x8xbf16>, %w: tensor<8xbf16>) -> tensor<?x8xbf16> {
  %two = onnx.constant dense<2.0> : tensor<f32>
  %eps = onnx.constant dense<1.0> : tensor<f32>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %c = onnx.cast %x : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %0 = onnx.binary pow %c, %two : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %2 = onnx.binary add %1, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %3 = onnx.unary sqrt %2 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %4 = onnx.unary reciprocal %3 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %5 = onnx.binary mul %c, %4 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %6 = onnx.cast %5 : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  %7 = onnx.binary mul %w, %6 : (tensor<8xbf16>, tensor<?x8xbf16>) -> tensor<?x8xbf16>
  return %7 : tensor<?x8xbf16>
}

// -----

// 16 bits, normalised and scaled in 32, then rounded.
// CHECK-LABEL: @scaled_before_rounding(
// CHECK-NEXT: %[[W:.*]] = onnx.cast %arg1 : (tensor<8xf16>) -> tensor<8xf32>
// CHECK-NEXT: %[[Y:.*]] = onnx.rms_norm %arg0, %[[W]] {axis = 1 : i64, epsilon = 1.000000e+00 : f32, stash = f32} : (tensor<?x8xf16>, tensor<8xf32>) -> tensor<?x8xf32>
// CHECK-NEXT: onnx.cast %[[Y]] : (tensor<?x8xf32>) -> tensor<?x8xf16>
func.func @scaled_before_rounding(%x: tensor<?x8xf16>, %w: tensor<8xf16>) -> tensor<?x8xf16> {
  %two = onnx.constant dense<2.0> : tensor<f32>
  %eps = onnx.constant dense<1.0> : tensor<f32>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %c = onnx.cast %x : (tensor<?x8xf16>) -> tensor<?x8xf32>
  %d = onnx.cast %w : (tensor<8xf16>) -> tensor<8xf32>
  %0 = onnx.binary pow %c, %two : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %2 = onnx.binary add %1, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %3 = onnx.unary sqrt %2 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %4 = onnx.binary div %c, %3 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %5 = onnx.binary mul %d, %4 : (tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = onnx.cast %5 : (tensor<?x8xf32>) -> tensor<?x8xf16>
  return %6 : tensor<?x8xf16>
}

// -----

// All in 16 bits.
// CHECK-LABEL: @narrow(
// CHECK-NEXT: onnx.rms_norm %arg0, %arg1 {axis = 1 : i64, epsilon = 1.000000e+00 : f32, stash = f16}
func.func @narrow(%x: tensor<?x8xf16>, %w: tensor<8xf16>) -> tensor<?x8xf16> {
  %eps = onnx.constant dense<1.0> : tensor<f16>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf16>, tensor<?x8xf16>) -> tensor<?x8xf16>
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf16>, tensor<1xi64>) -> tensor<?x1xf16>
  %2 = onnx.binary add %1, %eps : (tensor<?x1xf16>, tensor<f16>) -> tensor<?x1xf16>
  %3 = onnx.unary sqrt %2 : (tensor<?x1xf16>) -> tensor<?x1xf16>
  %4 = onnx.binary div %x, %3 : (tensor<?x8xf16>, tensor<?x1xf16>) -> tensor<?x8xf16>
  %5 = onnx.binary mul %4, %w : (tensor<?x8xf16>, tensor<8xf16>) -> tensor<?x8xf16>
  return %5 : tensor<?x8xf16>
}
