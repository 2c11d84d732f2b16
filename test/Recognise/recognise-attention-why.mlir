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

// -----

func.func @rank(%q: tensor<4x5x5xf32>, %k: tensor<4x5x5xf32>, %v: tensor<4x5x5xf32>) -> tensor<4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 2, 1>} : (tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<4x5x5xf32>, tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
  // expected-remark @below {{no attention: rank: expects scores of batch x heads x queries x keys}}
  %w = onnx.softmax %qk {axis = 2 : i64} : (tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<4x5x5xf32>, tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
  return %o : tensor<4x5x5xf32>
}

// -----

func.func @weights_in_another_type(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf16> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: weights: they are cast to another type than that of scores}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %n = onnx.cast %w : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf16>
  %o = onnx.matmul %n, %v : (tensor<2x4x5x5xf16>, tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf16>
  return %o : tensor<2x4x5x5xf16>
}

// -----

func.func @weights_stay_wide(%q: tensor<2x4x5x5xf16>, %k: tensor<2x4x5x5xf16>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf16>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf16>, tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf16>
  %wide = onnx.cast %qk : (tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: weights: their type is not that of scores}}
  %w = onnx.softmax %wide {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @other_batch(%q: tensor<1x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %qk = onnx.matmul %q, %kt : (tensor<1x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: heads: batch or heads of queries, keys and values differ}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @one_value_head(%q: tensor<2x4x5x5xf32>, %k: tensor<2x4x5x5xf32>, %v: tensor<2x1x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: heads: keys and values differ in heads or sequence}}
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-note @below {{here}}
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x1x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

func.func @mask_enlarges_alone(%q: tensor<1x4x5x5xf32>, %k: tensor<1x4x5x5xf32>, %v: tensor<1x4x5x5xf32>, %m: tensor<2x1x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x4x5x5xf32>) -> tensor<1x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<1x4x5x5xf32>, tensor<1x4x5x5xf32>) -> tensor<1x4x5x5xf32>
  // expected-note @below {{here}}
  %a = onnx.binary add %qk, %m : (tensor<1x4x5x5xf32>, tensor<2x1x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @below {{no attention: mask: it enlarges the scores}}
  %w = onnx.softmax %a {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<1x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}
