// RUN: moe-opt %s --convert-onnx-to-linalg -split-input-file -verify-diagnostics

func.func @exp(%x: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @+1 {{has no code for elements of 'f64'}}
  %0 = onnx.unary exp %x : (tensor<4xf64>) -> tensor<4xf64>
  return %0 : tensor<4xf64>
}

// -----

func.func @to_f8(%x: tensor<4xf32>) -> tensor<4xf8E5M2> {
  // expected-error @+1 {{has no code for results of 'tensor<4xf8E5M2>'}}
  %0 = onnx.cast %x : (tensor<4xf32>) -> tensor<4xf8E5M2>
  return %0 : tensor<4xf8E5M2>
}

// -----

func.func @softmax(%x: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @+1 {{has no code for elements of 'f64'}}
  %0 = onnx.softmax %x {axis = 0 : i64} : (tensor<4xf64>) -> tensor<4xf64>
  return %0 : tensor<4xf64>
}

// -----

func.func @log_sum(%x: tensor<4xi32>) -> tensor<i32> {
  // expected-error @+1 {{log_sum has no code for elements of 'i32'}}
  %0 = onnx.reduce log_sum %x : (tensor<4xi32>) -> tensor<i32>
  return %0 : tensor<i32>
}

// -----

func.func @axes(%x: tensor<?x8xf32>, %axes: tensor<?xi64>) -> tensor<?x?xf32> {
  // expected-error @+1 {{has no code for axes that are known at run time only}}
  %0 = onnx.reduce sum %x, %axes {keepdims} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// All of them, at the arguments.
// expected-error @+2 {{is an input of 'tensor<4xf8E5M2>', for which there is no code}}
// expected-error @+1 {{is an input of 'tensor<2xf8E5M2>', for which there is no code}}
func.func @inputs(%x: tensor<4xf8E5M2>, %y: tensor<2xf8E5M2>) -> (tensor<4xf32>, tensor<2xf32>) {
  %0 = onnx.cast %x : (tensor<4xf8E5M2>) -> tensor<4xf32>
  %1 = onnx.cast %y : (tensor<2xf8E5M2>) -> tensor<2xf32>
  return %0, %1 : tensor<4xf32>, tensor<2xf32>
}
