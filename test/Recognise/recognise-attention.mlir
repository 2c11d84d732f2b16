// RUN: moe-opt %s --recognise-attention -split-input-file | FileCheck %s

// Queries and keys scaled, keys transposed in three dimensions, two query heads per key head, masked by
// (not m) * lowest, rows without keys set to zero.
// CHECK-LABEL: @grouped(
// CHECK-SAME: %[[Q:.*]]: tensor<?x4x?x10xf32> {{.*}}, %[[K:.*]]: tensor<?x2x?x10xf32> {{.*}}, %[[V:.*]]: tensor<?x2x?x10xf32> {{.*}}, %[[M:.*]]: tensor<?x1x?x?xi1>
// CHECK-NEXT: %[[Y:.*]] = onnx.attention %[[Q]], %[[K]], %[[V]] mask(%[[M]] : tensor<?x1x?x?xi1>) {scale = 2.500000e-01 : f32} : (tensor<?x4x?x10xf32>, tensor<?x2x?x10xf32>, tensor<?x2x?x10xf32>) -> tensor<?x4x?x10xf32>
// CHECK-NEXT: return %[[Y]]
func.func @grouped(%q: tensor<?x4x?x10xf32> {onnx.dim_names = ["b", "", "s", ""]},
                   %k: tensor<?x2x?x10xf32> {onnx.dim_names = ["b", "", "t", ""]},
                   %v: tensor<?x2x?x10xf32> {onnx.dim_names = ["b", "", "t", ""]},
                   %m: tensor<?x1x?x?xi1> {onnx.dim_names = ["b", "", "s", "t"]}) -> tensor<?x4x?x10xf32> {
  %half = onnx.constant dense<0.5> : tensor<f32>
  %zero = onnx.constant dense<0.0> : tensor<f32>
  %one = onnx.constant dense<1.0> : tensor<f32>
  %lowest = onnx.constant dense<-3.40282347E+38> : tensor<f32>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %c4 = onnx.constant dense<4> : tensor<1xi64>
  %c10 = onnx.constant dense<10> : tensor<1xi64>
  %last = onnx.constant dense<-1> : tensor<1xi64>
  %b = onnx.shape %k {end = 1 : i64} : (tensor<?x2x?x10xf32>) -> tensor<1xi64>
  %t = onnx.shape %k {start = 2 : i64, end = 3 : i64} : (tensor<?x2x?x10xf32>) -> tensor<1xi64>
  %s5 = onnx.concat %b, %c2, %c2, %t, %c10 {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<5xi64>
  %s4 = onnx.concat %b, %c4, %t, %c10 {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %s3 = onnx.concat %last, %t, %c10 {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %st = onnx.concat %b, %c4, %c10, %t {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %k5 = onnx.unsqueeze %k, %c2 : (tensor<?x2x?x10xf32>, tensor<1xi64>) -> tensor<?x2x1x?x10xf32>
  %ke = onnx.expand %k5, %s5 : (tensor<?x2x1x?x10xf32>, tensor<5xi64>) -> tensor<?x2x2x?x10xf32>
  %k4 = onnx.reshape %ke, %s4 : (tensor<?x2x2x?x10xf32>, tensor<4xi64>) -> tensor<?x4x?x10xf32>
  %k3 = onnx.reshape %k4, %s3 : (tensor<?x4x?x10xf32>, tensor<3xi64>) -> tensor<?x?x10xf32>
  %kt3 = onnx.transpose %k3 {perm = array<i64: 0, 2, 1>} : (tensor<?x?x10xf32>) -> tensor<?x10x?xf32>
  %kt = onnx.reshape %kt3, %st : (tensor<?x10x?xf32>, tensor<4xi64>) -> tensor<?x4x10x?xf32>
  %v5 = onnx.unsqueeze %v, %c2 : (tensor<?x2x?x10xf32>, tensor<1xi64>) -> tensor<?x2x1x?x10xf32>
  %ve = onnx.expand %v5, %s5 : (tensor<?x2x1x?x10xf32>, tensor<5xi64>) -> tensor<?x2x2x?x10xf32>
  %v4 = onnx.reshape %ve, %s4 : (tensor<?x2x2x?x10xf32>, tensor<4xi64>) -> tensor<?x4x?x10xf32>
  %qs = onnx.binary mul %q, %half : (tensor<?x4x?x10xf32>, tensor<f32>) -> tensor<?x4x?x10xf32>
  %ks = onnx.binary mul %half, %kt : (tensor<f32>, tensor<?x4x10x?xf32>) -> tensor<?x4x10x?xf32>
  %qk = onnx.matmul %qs, %ks : (tensor<?x4x?x10xf32>, tensor<?x4x10x?xf32>) -> tensor<?x4x?x?xf32>
  %n = onnx.unary not %m : (tensor<?x1x?x?xi1>) -> tensor<?x1x?x?xi1>
  %nf = onnx.cast %n : (tensor<?x1x?x?xi1>) -> tensor<?x1x?x?xf32>
  %a = onnx.binary mul %nf, %lowest : (tensor<?x1x?x?xf32>, tensor<f32>) -> tensor<?x1x?x?xf32>
  %masked = onnx.binary add %qk, %a : (tensor<?x4x?x?xf32>, tensor<?x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %w = onnx.softmax %masked {axis = 3 : i64} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %o = onnx.matmul %w, %v4 : (tensor<?x4x?x?xf32>, tensor<?x4x?x10xf32>) -> tensor<?x4x?x10xf32>
  %mf = onnx.cast %m : (tensor<?x1x?x?xi1>) -> tensor<?x1x?x?xf32>
  %count = onnx.reduce sum %mf, %last {keepdims} : (tensor<?x1x?x?xf32>, tensor<1xi64>) -> tensor<?x1x?x1xf32>
  %none = onnx.compare less %count, %one : (tensor<?x1x?x1xf32>, tensor<f32>) -> tensor<?x1x?x1xi1>
  %y = onnx.where %none, %zero, %o : (tensor<?x1x?x1xi1>, tensor<f32>, tensor<?x4x?x10xf32>) -> tensor<?x4x?x10xf32>
  return %y : tensor<?x4x?x10xf32>
}

// -----

// Scores divided by the root of the head size, -inf added, softmax in 32 bits, NaN replaced. The mask is moved as floats.
// CHECK-LABEL: @nan_replaced(
// CHECK: %[[M:.*]] = onnx.unsqueeze %arg3, %{{.*}} : (tensor<3x5xi1>, tensor<2xi64>) -> tensor<1x1x3x5xi1>
// CHECK: onnx.attention %arg0, %arg1, %arg2 mask(%[[M]] : tensor<1x1x3x5xi1>) {scale = 5.000000e-01 : f32, softmax_type = f32}
func.func @nan_replaced(%q: tensor<2x4x3x4xf16>, %k: tensor<2x4x5x4xf16>, %v: tensor<2x4x5x6xf16>, %m: tensor<3x5xi1>) -> tensor<2x4x3x6xf16> {
  %four = onnx.constant dense<4.0> : tensor<f32>
  %root32 = onnx.unary sqrt %four : (tensor<f32>) -> tensor<f32>
  %root = onnx.cast %root32 : (tensor<f32>) -> tensor<f16>
  %zero = onnx.constant dense<0.0> : tensor<f16>
  %inf = onnx.constant dense<0xFC00> : tensor<f16>
  %front = onnx.constant dense<[0, 1]> : tensor<2xi64>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x4xf16>) -> tensor<2x4x4x5xf16>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x3x4xf16>, tensor<2x4x4x5xf16>) -> tensor<2x4x3x5xf16>
  %s = onnx.binary div %qk, %root : (tensor<2x4x3x5xf16>, tensor<f16>) -> tensor<2x4x3x5xf16>
  %a2 = onnx.where %m, %zero, %inf : (tensor<3x5xi1>, tensor<f16>, tensor<f16>) -> tensor<3x5xf16>
  %a = onnx.unsqueeze %a2, %front : (tensor<3x5xf16>, tensor<2xi64>) -> tensor<1x1x3x5xf16>
  %masked = onnx.binary add %a, %s : (tensor<1x1x3x5xf16>, tensor<2x4x3x5xf16>) -> tensor<2x4x3x5xf16>
  %wide = onnx.cast %masked : (tensor<2x4x3x5xf16>) -> tensor<2x4x3x5xf32>
  %w32 = onnx.softmax %wide {axis = 3 : i64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %w = onnx.cast %w32 : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf16>
  %isnan = onnx.unary is_nan %w : (tensor<2x4x3x5xf16>) -> tensor<2x4x3x5xi1>
  %fixed = onnx.where %isnan, %zero, %w : (tensor<2x4x3x5xi1>, tensor<f16>, tensor<2x4x3x5xf16>) -> tensor<2x4x3x5xf16>
  %o = onnx.matmul %fixed, %v : (tensor<2x4x3x5xf16>, tensor<2x4x5x6xf16>) -> tensor<2x4x3x6xf16>
  return %o : tensor<2x4x3x6xf16>
}

// -----

// Neither mask nor scale. The cache's concatenation is an operand.
// CHECK-LABEL: @cached(
// CHECK: %[[K:.*]] = onnx.concat %arg1, %arg2
// CHECK: onnx.attention %arg0, %[[K]], %[[K]] {scale = 1.000000e+00 : f32}
func.func @cached(%q: tensor<1x2x1x4xf32>, %past: tensor<1x2x?x4xf32> {onnx.dim_names = ["", "", "p", ""]}, %new: tensor<1x2x1x4xf32>)
    -> (tensor<1x2x1x4xf32>, tensor<1x2x?x4xf32>) {
  %k = onnx.concat %past, %new {axis = 2 : i64} : (tensor<1x2x?x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x2x?x4xf32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x?x4xf32>) -> tensor<1x2x4x?xf32>
  %qk = onnx.matmul %q, %kt : (tensor<1x2x1x4xf32>, tensor<1x2x4x?xf32>) -> tensor<1x2x1x?xf32>
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<1x2x1x?xf32>) -> tensor<1x2x1x?xf32>
  %o = onnx.matmul %w, %k : (tensor<1x2x1x?xf32>, tensor<1x2x?x4xf32>) -> tensor<1x2x1x4xf32>
  return %o, %k : tensor<1x2x1x4xf32>, tensor<1x2x?x4xf32>
}

// -----

// A row without keys is the mean of all values here: the mask stays an addition.
// CHECK-LABEL: @mean_of_masked_row(
// CHECK: %[[A:.*]] = onnx.where %arg3, %{{.*}}, %{{.*}} : (tensor<3x5xi1>, tensor<f32>, tensor<f32>) -> tensor<3x5xf32>
// CHECK: onnx.attention %arg0, %arg1, %arg2 mask(%[[A]] : tensor<3x5xf32>)
func.func @mean_of_masked_row(%q: tensor<2x4x3x4xf32>, %k: tensor<2x4x5x4xf32>, %v: tensor<2x4x5x6xf32>, %m: tensor<3x5xi1>) -> tensor<2x4x3x6xf32> {
  %lowest = onnx.constant dense<-3.40282347E+38> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x4xf32>) -> tensor<2x4x4x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x3x4xf32>, tensor<2x4x4x5xf32>) -> tensor<2x4x3x5xf32>
  %s = onnx.where %m, %qk, %lowest : (tensor<3x5xi1>, tensor<2x4x3x5xf32>, tensor<f32>) -> tensor<2x4x3x5xf32>
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x3x5xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %o : tensor<2x4x3x6xf32>
}

// -----

// A row without keys is NaN; where(m, -inf, s) keeps what m is not.
// CHECK-LABEL: @nan_rows(
// CHECK: %[[N:.*]] = onnx.unary not %arg3
// CHECK: onnx.attention %arg0, %arg1, %arg2 mask(%[[N]] : tensor<3x5xi1>) {nan_rows, scale = 3.000000e+00 : f32}
func.func @nan_rows(%q: tensor<2x4x3x4xf32>, %k: tensor<2x4x5x4xf32>, %v: tensor<2x4x5x6xf32>, %m: tensor<3x5xi1>) -> tensor<2x4x3x6xf32> {
  %inf = onnx.constant dense<0xFF800000> : tensor<f32>
  %three = onnx.constant dense<3.0> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x4xf32>) -> tensor<2x4x4x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x3x4xf32>, tensor<2x4x4x5xf32>) -> tensor<2x4x3x5xf32>
  %scaled = onnx.binary mul %qk, %three : (tensor<2x4x3x5xf32>, tensor<f32>) -> tensor<2x4x3x5xf32>
  %s = onnx.where %m, %inf, %scaled : (tensor<3x5xi1>, tensor<f32>, tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x3x5xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %o : tensor<2x4x3x6xf32>
}

// -----

// A float mask of unknown origin, one for all queries; a row of -inf gives NaN in the file.
// CHECK-LABEL: @float_mask(
// CHECK-NEXT: onnx.attention %arg0, %arg1, %arg2 mask(%arg3 : tensor<2x1x1x5xf32>) {nan_rows,
func.func @float_mask(%q: tensor<2x4x3x4xf32>, %k: tensor<2x4x5x4xf32>, %v: tensor<2x4x5x6xf32>, %m: tensor<2x1x1x5xf32>) -> tensor<2x4x3x6xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x4xf32>) -> tensor<2x4x4x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x3x4xf32>, tensor<2x4x4x5xf32>) -> tensor<2x4x3x5xf32>
  %s = onnx.binary add %qk, %m : (tensor<2x4x3x5xf32>, tensor<2x1x1x5xf32>) -> tensor<2x4x3x5xf32>
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x3x5xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %o : tensor<2x4x3x6xf32>
}

// -----

// The standard operator, with what exporters put around it, comes to the same form.
// CHECK-LABEL: @operator(
// CHECK-NEXT: %[[Y:.*]] = onnx.attention %arg0, %arg1, %arg1 mask(%arg2 : tensor<2x1x3x5xi1>) {scale = 4.000000e-01 : f32} : (tensor<2x4x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x4x3x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @operator(%q: tensor<2x4x3x4xf32>, %k: tensor<2x2x5x4xf32>, %m: tensor<2x1x3x5xi1>) -> tensor<2x4x3x4xf32> {
  %zero = onnx.constant dense<0.0> : tensor<f32>
  %one = onnx.constant dense<1.0> : tensor<f32>
  %lowest = onnx.constant dense<-3.40282347E+38> : tensor<f32>
  %last = onnx.constant dense<-1> : tensor<1xi64>
  %c2 = onnx.constant dense<2> : tensor<1xi64>
  %s5 = onnx.constant dense<[2, 2, 2, 5, 4]> : tensor<5xi64>
  %s4 = onnx.constant dense<[2, 4, 5, 4]> : tensor<4xi64>
  %k5 = onnx.unsqueeze %k, %c2 : (tensor<2x2x5x4xf32>, tensor<1xi64>) -> tensor<2x2x1x5x4xf32>
  %ke = onnx.expand %k5, %s5 : (tensor<2x2x1x5x4xf32>, tensor<5xi64>) -> tensor<2x2x2x5x4xf32>
  %k4 = onnx.reshape %ke, %s4 : (tensor<2x2x2x5x4xf32>, tensor<4xi64>) -> tensor<2x4x5x4xf32>
  %mf = onnx.cast %m : (tensor<2x1x3x5xi1>) -> tensor<2x1x3x5xf32>
  %n = onnx.binary sub %one, %mf : (tensor<f32>, tensor<2x1x3x5xf32>) -> tensor<2x1x3x5xf32>
  %a = onnx.binary mul %lowest, %n : (tensor<f32>, tensor<2x1x3x5xf32>) -> tensor<2x1x3x5xf32>
  %o = onnx.attention %q, %k4, %k4 mask(%a : tensor<2x1x3x5xf32>) {scale = 4.0e-01 : f32}
      : (tensor<2x4x3x4xf32>, tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x3x4xf32>
  %count = onnx.reduce max %mf, %last {keepdims} : (tensor<2x1x3x5xf32>, tensor<1xi64>) -> tensor<2x1x3x1xf32>
  %some = onnx.compare greater %count, %zero : (tensor<2x1x3x1xf32>, tensor<f32>) -> tensor<2x1x3x1xi1>
  %none = onnx.unary not %some : (tensor<2x1x3x1xi1>) -> tensor<2x1x3x1xi1>
  %y = onnx.where %none, %zero, %o : (tensor<2x1x3x1xi1>, tensor<f32>, tensor<2x4x3x4xf32>) -> tensor<2x4x3x4xf32>
  return %y : tensor<2x4x3x4xf32>
}

// -----

// Query heads 0, 2 and 1, 3 read one key head, not consecutive ones: the keys stay repeated.
// CHECK-LABEL: @heads_alternate(
// CHECK: %[[K:.*]] = onnx.tile
// CHECK: onnx.attention %arg0, %[[K]], %arg2
func.func @heads_alternate(%q: tensor<2x4x5x5xf32>, %k: tensor<2x2x5x5xf32>, %v: tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32> {
  %r = onnx.constant dense<[1, 2, 1, 1]> : tensor<4xi64>
  %kr = onnx.tile %k, %r : (tensor<2x2x5x5xf32>, tensor<4xi64>) -> tensor<2x4x5x5xf32>
  %kt = onnx.transpose %kr {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %o = onnx.matmul %w, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %o : tensor<2x4x5x5xf32>
}

// -----

// NaN never arises with a finite number: replacing it changes nothing.
// CHECK-LABEL: @nan_replaced_in_vain(
// CHECK: %[[A:.*]] = onnx.binary mul
// CHECK: onnx.attention %arg0, %arg1, %arg2 mask(%[[A]] : tensor<3x5xf32>) {scale = 1.000000e+00 : f32}
func.func @nan_replaced_in_vain(%q: tensor<2x4x3x4xf32>, %k: tensor<2x4x5x4xf32>, %v: tensor<2x4x5x6xf32>, %m: tensor<3x5xi1>) -> tensor<2x4x3x6xf32> {
  %zero = onnx.constant dense<0.0> : tensor<f32>
  %lowest = onnx.constant dense<-3.40282347E+38> : tensor<f32>
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x4xf32>) -> tensor<2x4x4x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x3x4xf32>, tensor<2x4x4x5xf32>) -> tensor<2x4x3x5xf32>
  %mf = onnx.cast %m : (tensor<3x5xi1>) -> tensor<3x5xf32>
  %a = onnx.binary mul %mf, %lowest : (tensor<3x5xf32>, tensor<f32>) -> tensor<3x5xf32>
  %s = onnx.binary add %qk, %a : (tensor<2x4x3x5xf32>, tensor<3x5xf32>) -> tensor<2x4x3x5xf32>
  %w = onnx.softmax %s {axis = 3 : i64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %isnan = onnx.unary is_nan %w : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xi1>
  %fixed = onnx.where %isnan, %zero, %w : (tensor<2x4x3x5xi1>, tensor<f32>, tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %o = onnx.matmul %fixed, %v : (tensor<2x4x3x5xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %o : tensor<2x4x3x6xf32>
}

// -----

// One key head for all, which the products broadcast.
// CHECK-LABEL: @one_key_head(
// CHECK: onnx.attention %arg0, %arg1, %arg1 {scale = 1.000000e+00 : f32} : (tensor<2x4x3x4xf32>, tensor<2x1x5x4xf32>, tensor<2x1x5x4xf32>)
func.func @one_key_head(%q: tensor<2x4x3x4xf32>, %k: tensor<2x1x5x4xf32>) -> tensor<2x4x3x4xf32> {
  %kt = onnx.transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x1x5x4xf32>) -> tensor<2x1x4x5xf32>
  %qk = onnx.matmul %q, %kt : (tensor<2x4x3x4xf32>, tensor<2x1x4x5xf32>) -> tensor<2x4x3x5xf32>
  %w = onnx.softmax %qk {axis = 3 : i64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %o = onnx.matmul %w, %k : (tensor<2x4x3x5xf32>, tensor<2x1x5x4xf32>) -> tensor<2x4x3x4xf32>
  return %o : tensor<2x4x3x4xf32>
}
