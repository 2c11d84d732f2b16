// Element-wise ops, shapes and linalg around moe.
// RUN: moec run --interpret %s | FileCheck %s

// CHECK-LABEL: @arith
// CHECK-NEXT: tensor<3xf32> [3, 1.5, nan]
// CHECK-NEXT: tensor<3xf32> [1, 0.5, nan]
// CHECK-NEXT: tensor<3xf32> [2, 0.5, nan]
// CHECK-NEXT: tensor<3xf32> [2, 1, nan]
// CHECK-NEXT: tensor<3xf32> [1, 0.5, nan]
// CHECK-NEXT: tensor<3xf32> [2, 2, nan]
// CHECK-NEXT: tensor<3xf32> [-2, -1, nan]
func.func @arith() -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %a = arith.constant dense<[2.0, 1.0, 0x7FC00000]> : tensor<3xf32>
  %b = arith.constant dense<[1.0, 0.5, 1.0]> : tensor<3xf32>
  %add = arith.addf %a, %b : tensor<3xf32>
  %sub = arith.subf %a, %b : tensor<3xf32>
  %mul = arith.mulf %a, %b : tensor<3xf32>
  %max = arith.maximumf %b, %a : tensor<3xf32>
  %min = arith.minimumf %b, %a : tensor<3xf32>
  %div = arith.divf %a, %b : tensor<3xf32>
  %neg = arith.negf %a : tensor<3xf32>
  return %add, %sub, %mul, %max, %min, %div, %neg
    : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: @compare
// CHECK-NEXT: tensor<3xi1> [1, 0, 0]
// CHECK-NEXT: tensor<3xi1> [1, 0, 1]
// CHECK-NEXT: tensor<3xf32> [1, 2, 2]
// CHECK-NEXT: tensor<2xf32> [-3, 7]
func.func @compare() -> (tensor<3xi1>, tensor<3xi1>, tensor<3xf32>, tensor<2xf32>) {
  %a = arith.constant dense<[1.0, 3.0, 0x7FC00000]> : tensor<3xf32>
  %b = arith.constant dense<2.0> : tensor<3xf32>
  %lt = arith.cmpf olt, %a, %b : tensor<3xf32>
  %ult = arith.cmpf ult, %a, %b : tensor<3xf32>
  %select = arith.select %lt, %a, %b : tensor<3xi1>, tensor<3xf32>
  %i = arith.constant dense<[-3, 7]> : tensor<2xi32>
  %f = arith.sitofp %i : tensor<2xi32> to tensor<2xf32>
  return %lt, %ult, %select, %f : tensor<3xi1>, tensor<3xi1>, tensor<3xf32>, tensor<2xf32>
}

// CHECK-LABEL: @math
// CHECK-NEXT: tensor<f32> 2.71828
// CHECK-NEXT: tensor<f32> 0.761594
// CHECK-NEXT: tensor<f32> 0.842701
// CHECK-NEXT: tensor<f32> 1.41421
// CHECK-NEXT: tensor<f32> 0.707107
func.func @math() -> (f32, f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %e = math.exp %one : f32
  %t = math.tanh %one : f32
  %f = math.erf %one : f32
  %s = math.sqrt %two : f32
  %r = math.rsqrt %two : f32
  return %e, %t, %f, %s, %r : f32, f32, f32, f32, f32
}

// CHECK-LABEL: @shapes
// CHECK-NEXT: tensor<6xi32> [1, 2, 3, 4, 5, 6]
// CHECK-NEXT: tensor<3x1x2xi32> {{\[\[\[}}1, 2{{\]\]}}, {{\[\[}}3, 4{{\]\]}}, {{\[\[}}5, 6]]]
// CHECK-NEXT: tensor<3x2xi32> {{\[\[}}1, 4], [2, 5], [3, 6]]
// CHECK-NEXT: tensor<index> 2
func.func @shapes() -> (tensor<?xi32>, tensor<?x1x2xi32>, tensor<3x2xi32>, index) {
  %x = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %d = tensor.cast %x : tensor<2x3xi32> to tensor<?x3xi32>
  %flat = tensor.collapse_shape %d [[0, 1]] : tensor<?x3xi32> into tensor<?xi32>
  %three = arith.constant 3 : index
  %cube = tensor.expand_shape %flat [[0, 1, 2]] output_shape [%three, 1, 2] : tensor<?xi32> into tensor<?x1x2xi32>
  %e = tensor.empty() : tensor<3x2xi32>
  %t = linalg.transpose ins(%x : tensor<2x3xi32>) outs(%e : tensor<3x2xi32>) permutation = [1, 0]
  %zero = arith.constant 0 : index
  %size = tensor.dim %d, %zero : tensor<?x3xi32>
  return %flat, %cube, %t, %size : tensor<?xi32>, tensor<?x1x2xi32>, tensor<3x2xi32>, index
}

// CHECK-LABEL: @linalg
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}20, 23], [44, 51]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}6, 8], [10, 12]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}-4, -4], [-4, -4]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}5, 12], [21, 32]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5, 0.5]]
func.func @linalg() -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<1x2xf32>) {
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[[5.0, 6.0], [7.0, 8.0]]> : tensor<2x2xf32>
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<2x2xf32>
  %init = linalg.fill ins(%one : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %m = linalg.matmul ins(%a, %b : tensor<2x2xf32>, tensor<2x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %add = linalg.add ins(%a, %b : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %sub = linalg.sub ins(%a, %b : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %mul = linalg.mul ins(%a, %b : tensor<2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = arith.constant dense<-1.0e30> : tensor<1x2xf32>
  %o = tensor.empty() : tensor<1x2xf32>
  %s = linalg.softmax dimension(1) ins(%z : tensor<1x2xf32>) outs(%o : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %m, %add, %sub, %mul, %s : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<1x2xf32>
}

// Sums in f32 lose a 1 beside 2^24, sums in f64 do not.
// RUN: moec run --interpret --entry accumulate %s | FileCheck %s --check-prefix=F32
// RUN: moec run --interpret --f64 --entry accumulate %s | FileCheck %s --check-prefix=F64
// F32: tensor<1x1xf32> {{\[\[}}0]]
// F64: tensor<1x1xf32> {{\[\[}}1]]
func.func @accumulate() -> tensor<1x1xf32> {
  %x = arith.constant dense<[[1.6777216e7, 1.0, -1.6777216e7]]> : tensor<1x3xf32>
  %w = arith.constant dense<1.0> : tensor<1x1x3xf32>
  %offsets = arith.constant dense<[0, 1]> : tensor<2xi32>
  %y = moe.grouped_matmul %x, %offsets, %w : tensor<1x3xf32>, tensor<2xi32>, tensor<1x1x3xf32> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
