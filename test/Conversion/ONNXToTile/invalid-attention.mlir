// RUN: moe-opt %s -split-input-file -convert-onnx-to-tile -verify-diagnostics

func.func @f(%x: tensor<2x4x5x16xf64>) -> tensor<2x4x5x16xf64> {
  // expected-error @+1 {{has no lowering yet: attention of 'f64' is not supported yet}}
  %y = onnx.attention %x, %x, %x : (tensor<2x4x5x16xf64>, tensor<2x4x5x16xf64>, tensor<2x4x5x16xf64>) -> tensor<2x4x5x16xf64>
  return %y : tensor<2x4x5x16xf64>
}

// -----

func.func @f(%x: tensor<*xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{has no lowering yet: the rank of an operand is unknown}}
  %y = onnx.attention %x, %x, %x : (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @f(%x: tensor<2x?x5x16xf32>) -> tensor<2x?x5x16xf32> {
  // expected-error @+1 {{has no lowering yet: the number of heads is unknown}}
  %y = onnx.attention %x, %x, %x : (tensor<2x?x5x16xf32>, tensor<2x?x5x16xf32>, tensor<2x?x5x16xf32>) -> tensor<2x?x5x16xf32>
  return %y : tensor<2x?x5x16xf32>
}

// -----

func.func @f(%x: tensor<2x4x5x?xf32>) -> tensor<2x4x5x?xf32> {
  // expected-error @+1 {{has no lowering yet: without scale the head size must be known}}
  %y = onnx.attention %x, %x, %x : (tensor<2x4x5x?xf32>, tensor<2x4x5x?xf32>, tensor<2x4x5x?xf32>) -> tensor<2x4x5x?xf32>
  return %y : tensor<2x4x5x?xf32>
}

// -----

func.func @f(%x: tensor<2x4x5x16xf32>) -> tensor<2x4x5x16xf32> {
  // expected-error @+1 {{has no lowering yet: softmax_precision f64 is not supported, only f32 and narrower}}
  %y = onnx.attention %x, %x, %x {softmax_type = f64} : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x16xf32>
  return %y : tensor<2x4x5x16xf32>
}

// -----

func.func @different_ranks(%q: tensor<1x5x16xf32>, %k: tensor<1x2x5x8xf32>) -> tensor<1x5x16xf32> {
  // expected-error @+1 {{has no lowering yet: q, k and v have different ranks}}
  %0 = onnx.attention %q, %k, %k {q_num_heads = 2 : i64, kv_num_heads = 2 : i64} : (tensor<1x5x16xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x5x16xf32>
  return %0 : tensor<1x5x16xf32>
}
