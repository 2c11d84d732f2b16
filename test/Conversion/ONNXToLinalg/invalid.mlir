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

// -----

// No operator reads elements that there is no code for, whatever made them.
func.func @operands(%i: tensor<4xi64>, %d: tensor<i64>, %k: tensor<1xi64>, %p: tensor<1x5xi64>) {
  // expected-error @+1 {{has no code for constants of 'tensor<4xf8E5M2>'}}
  %c = onnx.constant dense<1.0> : tensor<4xf8E5M2>
  // expected-error @+1 {{has no code for constants of 'tensor<1x2x5x8xf8E5M2>'}}
  %h = onnx.constant dense<1.0> : tensor<1x2x5x8xf8E5M2>
  // expected-error @+1 {{has no code for constants of 'tensor<2xf8E5M2>'}}
  %v = onnx.constant dense<1.0> : tensor<2xf8E5M2>
  // expected-error @+1 {{'onnx.compare' op has no code for operands of 'tensor<4xf8E5M2>'}}
  %0 = onnx.compare equal %c, %c : (tensor<4xf8E5M2>, tensor<4xf8E5M2>) -> tensor<4xi1>
  // expected-error @+1 {{'onnx.reduce' op has no code for operands of 'tensor<4xf8E5M2>'}}
  %1 = onnx.reduce sum %c : (tensor<4xf8E5M2>) -> tensor<f8E5M2>
  // expected-error @+1 {{'onnx.cumsum' op has no code for operands of 'tensor<4xf8E5M2>'}}
  %2 = onnx.cumsum %c, %d : (tensor<4xf8E5M2>, tensor<i64>) -> tensor<4xf8E5M2>
  // expected-error @+1 {{'onnx.topk' op has no code for operands of 'tensor<4xf8E5M2>'}}
  %3, %4 = onnx.topk %c, %k {axis = 0 : i64} : (tensor<4xf8E5M2>, tensor<1xi64>) -> (tensor<?xf8E5M2>, tensor<?xi64>)
  // expected-error @+1 {{'onnx.argmax' op has no code for elements of 'f8E5M2'}}
  %5 = onnx.argmax %c {axis = 0 : i64} : (tensor<4xf8E5M2>) -> tensor<i64>
  // expected-error @+1 {{'onnx.one_hot' op has no code for operands of 'tensor<2xf8E5M2>'}}
  %6 = onnx.one_hot %i, %d, %v {axis = 1 : i64} : (tensor<4xi64>, tensor<i64>, tensor<2xf8E5M2>) -> tensor<4x?xf8E5M2>
  // expected-error @+1 {{'onnx.gather' op has no code for operands of 'tensor<4xf8E5M2>'}}
  %7 = onnx.gather %c, %i {axis = 0 : i64} : (tensor<4xf8E5M2>, tensor<4xi64>) -> tensor<4xf8E5M2>
  // expected-error @+1 {{'onnx.rms_norm' op has no code for operands of 'tensor<4xf8E5M2>'}}
  %8 = onnx.rms_norm %c, %c {axis = 0 : i64, epsilon = 1.0e-05 : f32, stash = f32} : (tensor<4xf8E5M2>, tensor<4xf8E5M2>) -> tensor<4xf8E5M2>
  // expected-error @+1 {{has no code for constants of 'tensor<16x4xf8E5M2>'}}
  %t = onnx.constant dense<1.0> : tensor<16x4xf8E5M2>
  // expected-error @+1 {{'onnx.rotary_embedding' op has no code for operands of 'tensor<1x2x5x8xf8E5M2>'}}
  %9 = onnx.rotary_embedding %h, %t, %t, %p : (tensor<1x2x5x8xf8E5M2>, tensor<16x4xf8E5M2>, tensor<16x4xf8E5M2>, tensor<1x5xi64>) -> tensor<1x2x5x8xf8E5M2>
  return
}

// -----

func.func @stash(%x: tensor<4x8xf32>, %s: tensor<8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{has no code for stash 'f8E5M2'}}
  %0 = onnx.rms_norm %x, %s {axis = 1 : i64, epsilon = 1.0e-05 : f32, stash = f8E5M2} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

func.func @shape(%c: tensor<2xi64>, %x: tensor<4xf32>) -> tensor<?xi64> {
  // expected-error @+1 {{has no code for results of 'tensor<*xf32>'}}
  %r = onnx.reshape %x, %c : (tensor<4xf32>, tensor<2xi64>) -> tensor<*xf32>
  // expected-error @+1 {{'onnx.shape' op has no code for operands of 'tensor<*xf32>'}}
  %0 = onnx.shape %r : (tensor<*xf32>) -> tensor<?xi64>
  return %0 : tensor<?xi64>
}

// -----

func.func @unknown_sizes(%x: tensor<4xf32>, %n: tensor<?xi64>) -> tensor<i64> {
  // expected-error @+1 {{has no code for results of 'tensor<*xf32>'}}
  %r = onnx.reshape %x, %n : (tensor<4xf32>, tensor<?xi64>) -> tensor<*xf32>
  // expected-error @+1 {{'onnx.size' op has no code for operands of 'tensor<*xf32>'}}
  %0 = onnx.size %r : (tensor<*xf32>) -> tensor<i64>
  return %0 : tensor<i64>
}

// -----

func.func @unknown_rank(%x: tensor<4xf32>, %n: tensor<?xi64>) -> tensor<?x?xf32> {
  // expected-error @+1 {{has no code for results of 'tensor<*xf32>'}}
  %r = onnx.reshape %x, %n : (tensor<4xf32>, tensor<?xi64>) -> tensor<*xf32>
  // expected-error @+1 {{'onnx.flatten' op has no code for operands of 'tensor<*xf32>'}}
  %0 = onnx.flatten %r {axis = 1 : i64} : (tensor<*xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @sparse() -> tensor<4xui8> {
  // expected-error @+1 {{has no code for constants in this form}}
  %r = onnx.constant sparse<[[0]], [1]> : tensor<4xui8>
  return %r : tensor<4xui8>
}

// -----

// expected-error @+1 {{is an input of 'tensor<*xf32>', for which there is no code}}
func.func @sum_of_unranked(%x: tensor<*xf32>) -> tensor<f32> {
  %0 = onnx.reduce sum %x : (tensor<*xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// expected-error @+1 {{has operators in more than one block; inline its control flow}}
func.func @blocks(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  cf.cond_br %c, ^a, ^b
^a:
  %0 = onnx.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
^b:
  return %x : tensor<4xf32>
}

// -----

func.func @scatter_nd(%x: tensor<4x5xf32>, %i: tensor<3x?xi64>, %u: tensor<?x?xf32>) -> tensor<4x5xf32> {
  // expected-error @+1 {{has index tuples whose length only a run decides}}
  %0 = onnx.scatter_nd %x, %i, %u : (tensor<4x5xf32>, tensor<3x?xi64>, tensor<?x?xf32>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}

// -----

func.func @rotary(%x: tensor<1x2x5x?xf32>, %c: tensor<16x?xf32>, %p: tensor<1x5xi64>) -> tensor<1x2x5x?xf32> {
  // expected-error @+1 {{has no code for a run-time number of features}}
  %0 = onnx.rotary_embedding %x, %c, %c, %p : (tensor<1x2x5x?xf32>, tensor<16x?xf32>, tensor<16x?xf32>, tensor<1x5xi64>) -> tensor<1x2x5x?xf32>
  return %0 : tensor<1x2x5x?xf32>
}

// -----

func.func @rotary3(%x: tensor<1x5x?xf32>, %c: tensor<16x?xf32>, %p: tensor<1x5xi64>) -> tensor<1x5x?xf32> {
  // expected-error @+1 {{has no code for a run-time number of features}}
  %0 = onnx.rotary_embedding %x, %c, %c, %p {num_heads = 2 : i64} : (tensor<1x5x?xf32>, tensor<16x?xf32>, tensor<16x?xf32>, tensor<1x5xi64>) -> tensor<1x5x?xf32>
  return %0 : tensor<1x5x?xf32>
}

// -----

func.func @rotary_batches(%x: tensor<?x2x5x8xf32>, %c: tensor<?x5x4xf32>) -> tensor<?x2x5x8xf32> {
  // expected-error @+1 {{has caches that may be of one batch or of all; give their first size, or the name of that of x}}
  %0 = onnx.rotary_embedding %x, %c, %c : (tensor<?x2x5x8xf32>, tensor<?x5x4xf32>, tensor<?x5x4xf32>) -> tensor<?x2x5x8xf32>
  return %0 : tensor<?x2x5x8xf32>
}

// -----

func.func @gather_nd(%x: tensor<4x5xf32>, %i: tensor<3x?xi64>) -> tensor<3xf32> {
  // expected-error @+1 {{has index tuples whose length only a run decides}}
  %0 = onnx.gather_nd %x, %i : (tensor<4x5xf32>, tensor<3x?xi64>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
