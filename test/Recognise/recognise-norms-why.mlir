// RUN: moe-opt %s --recognise-norms=why -split-input-file -verify-diagnostics | FileCheck %s
// CHECK-NOT: rms_norm

func.func @epsilon_after_root(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %eps = onnx.constant dense<1.0> : tensor<f32>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-remark @below {{no rms_norm: quotient: the root is no divisor of one op}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %2 = onnx.unary sqrt %1 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  // expected-note @below {{here}}
  %3 = onnx.binary add %2, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %4 = onnx.binary div %x, %3 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// -----

func.func @epsilon_varies(%x: tensor<?x8xf32>, %eps: tensor<f32>) -> tensor<?x8xf32> {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-remark @below {{no rms_norm: epsilon: what is added to the mean is no constant number}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  // expected-note @below {{here}}
  %2 = onnx.binary add %1, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %3 = onnx.unary sqrt %2 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %4 = onnx.binary div %x, %3 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// -----

func.func @epsilon_of_64_bits(%x: tensor<?x8xf64>) -> tensor<?x8xf64> {
  %eps = onnx.constant dense<1.0e-6> : tensor<f64>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf64>, tensor<?x8xf64>) -> tensor<?x8xf64>
  // expected-remark @below {{no rms_norm: epsilon: 32 bits do not hold it exactly}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf64>, tensor<1xi64>) -> tensor<?x1xf64>
  // expected-note @below {{here}}
  %2 = onnx.binary add %1, %eps : (tensor<?x1xf64>, tensor<f64>) -> tensor<?x1xf64>
  %3 = onnx.unary sqrt %2 : (tensor<?x1xf64>) -> tensor<?x1xf64>
  %4 = onnx.binary div %x, %3 : (tensor<?x8xf64>, tensor<?x1xf64>) -> tensor<?x8xf64>
  return %4 : tensor<?x8xf64>
}

// -----

func.func @over_the_first_axis(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %axes = onnx.constant dense<0> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-remark @below {{no rms_norm: axes: the mean is not over the last axes, kept with size 1}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<1x8xf32>
  %2 = onnx.unary sqrt %1 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %3 = onnx.binary div %x, %2 : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

func.func @cube_root(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %third = onnx.constant dense<0.333333343> : tensor<f32>
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-remark @below {{no rms_norm: root: the exponent is neither 1/2 nor -1/2}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  // expected-note @below {{here}}
  %2 = onnx.binary pow %1, %third : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %3 = onnx.binary div %x, %2 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

func.func @of_another_tensor(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-remark @below {{no rms_norm: quotient: one over the root does not multiply the input}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  %2 = onnx.unary sqrt %1 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %3 = onnx.unary reciprocal %2 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  // expected-note @below {{here}}
  %4 = onnx.binary mul %3, %y : (tensor<4x1xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}

// -----

// The reciprocal is rounded to 16 bits before the product: another place than the op's.
func.func @rounded_root(%x: tensor<4x8xf16>) -> tensor<4x8xf16> {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %c = onnx.cast %x : (tensor<4x8xf16>) -> tensor<4x8xf32>
  %0 = onnx.binary mul %c, %c : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-remark @below {{no rms_norm: quotient: one over the root does not multiply the input}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  %2 = onnx.unary sqrt %1 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %3 = onnx.unary reciprocal %2 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %4 = onnx.cast %3 : (tensor<4x1xf32>) -> tensor<4x1xf16>
  %5 = onnx.binary mul %x, %4 : (tensor<4x8xf16>, tensor<4x1xf16>) -> tensor<4x8xf16>
  return %5 : tensor<4x8xf16>
}

// -----

func.func @unknown_rank(%x: tensor<*xf32>) -> tensor<*xf32> {
  %axes = onnx.constant dense<-1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  // expected-remark @below {{no rms_norm: rank: the input has an unknown rank}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<*xf32>, tensor<1xi64>) -> tensor<*xf32>
  %2 = onnx.unary sqrt %1 : (tensor<*xf32>) -> tensor<*xf32>
  %3 = onnx.binary div %x, %2 : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %3 : tensor<*xf32>
}

// -----

func.func @logarithm(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-remark @below {{no rms_norm: root: mean of squares and epsilon are not used by one square root}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  // expected-note @below {{here}}
  %2 = onnx.unary log %1 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %3 = onnx.binary div %x, %2 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %3 : tensor<?x8xf32>
}

// -----

func.func @another_tensor(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-remark @below {{no rms_norm: quotient: the root divides something else than the input}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %2 = onnx.unary sqrt %1 : (tensor<?x1xf32>) -> tensor<?x1xf32>
  // expected-note @below {{here}}
  %3 = onnx.binary div %y, %2 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  return %3 : tensor<?x8xf32>
}

// -----

func.func @enlarged(%x: tensor<1x8xf32>, %n: tensor<4x1xf32>) -> tensor<4x8xf32> {
  %axes = onnx.constant dense<1> : tensor<1xi64>
  %0 = onnx.binary mul %x, %x : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  // expected-remark @below {{no rms_norm: shape: the quotient has another shape than the input}}
  %1 = onnx.reduce mean %0, %axes {keepdims} : (tensor<1x8xf32>, tensor<1xi64>) -> tensor<1x1xf32>
  %2 = onnx.unary sqrt %1 : (tensor<1x1xf32>) -> tensor<1x1xf32>
  %3 = onnx.binary div %x, %2 : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<?x8xf32>
  %4 = onnx.binary add %3, %n : (tensor<?x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}
