// RUN: moe-opt %s --recognise-attention=why -split-input-file -verify-diagnostics | FileCheck %s
// CHECK-NOT: onnx.attention

func.func @over_queries(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: axis: the softmax is not over the keys, the last axis}}
  %w = onnx.softmax %qk {axis = 2 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @keys_not_transposed(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.unary neg %k : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: keys: the product's right side is no transpose of batch x heads x keys x head size}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @masked_after_softmax(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>, %m: tensor<5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: weights: they are not used by one product with values alone}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %wm = onnx.binary mul %w, %m : (tensor<2x4x5x5xf32>, tensor<5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %wm, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @where_after_softmax(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>, %m: tensor<5x5xi1>) -> tensor<2x4x5x5xf32> {
  %zero = onnx.constant dense<0.0> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: weights: they are changed after the softmax}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %wm = onnx.where %m, %w, %zero : (tensor<5x5xi1>, tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %wm, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @scaled_after_mask(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>, %m: tensor<5x5xf32>) -> tensor<2x4x5x5xf32> {
  %half = onnx.constant dense<0.5> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %a = onnx.binary add %qk, %m : (tensor<2x4x5x5xf32>, tensor<5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %s = onnx.binary mul %a, %half : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: scores: they are no product, scaled, then masked}}
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @one_mask_for_all_keys(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>, %m: tensor<5x1xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %s = onnx.binary add %qk, %m : (tensor<2x4x5x5xf32>, tensor<5x1xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: mask: its last axis is not that of the keys}}
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @negative_scale(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %minus = onnx.constant dense<-1.0> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %s = onnx.binary mul %qk, %minus : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: scale: expects a positive number}}
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @scale_varies(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>, %c: tensor<f32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %s = onnx.binary mul %qk, %c : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: scores: they are no product, scaled, then masked}}
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @nan_replaced_without_mask(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %zero = onnx.constant dense<0.0> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: weights: NaN is replaced without a mask}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %isnan = onnx.unary is_nan %w : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xi1>
  %f = onnx.where %isnan, %zero, %w : (tensor<2x4x5x5xi1>, tensor<f32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %f, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @small_number_for_unseen_keys(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>, %m: tensor<5x5xi1>) -> tensor<2x4x5x5xf32> {
  %number = onnx.constant dense<-1.0e+04> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %s = onnx.where %m, %qk, %number : (tensor<5x5xi1>, tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: mask: it puts a number in the place of scores that is not low enough}}
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}
