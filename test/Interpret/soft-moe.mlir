// Soft MoE is dense and needs no moe op: two softmaxes of one matrix of slot logits.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

// CHECK: tensor<3x2xf32> {{\[\[}}0.7071, 0.7071], [0.7071, -0.7071], [1.0000, 0.0000]]
// CHECK-NEXT: tensor<3x2xf32> {{\[\[}}0.2994, 0.5760], [0.2994, 0.1400], [0.4013, 0.2840]]
// CHECK-NEXT: tensor<3x2xf32> {{\[\[}}0.5000, 0.5000], [0.8044, 0.1956], [0.7311, 0.2689]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.7006, 1.0000], [0.8600, 0.5641]]
func.func @soft_moe() -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x2xf32>) {
  %x = arith.constant dense<[[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]> : tensor<3x2xf32>
  %mu = arith.constant dense<[[1.0, 1.0], [1.0, -1.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e32 = tensor.empty() : tensor<3x2xf32>
  %e22 = tensor.empty() : tensor<2x2xf32>
  %e23 = tensor.empty() : tensor<2x3xf32>
  %z32 = linalg.fill ins(%zero : f32) outs(%e32 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %z22 = linalg.fill ins(%zero : f32) outs(%e22 : tensor<2x2xf32>) -> tensor<2x2xf32>

  // Rows divided by their length; the product with ones sums a row into every column.
  %ones = arith.constant dense<1.0> : tensor<2x2xf32>
  %eps32 = arith.constant dense<1.0e-6> : tensor<3x2xf32>
  %eps22 = arith.constant dense<1.0e-6> : tensor<2x2xf32>
  %xx = linalg.mul ins(%x, %x : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e32 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %xs = linalg.matmul ins(%xx, %ones : tensor<3x2xf32>, tensor<2x2xf32>) outs(%z32 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %xe = arith.addf %xs, %eps32 : tensor<3x2xf32>
  %xr = math.rsqrt %xe : tensor<3x2xf32>
  %xn = arith.mulf %x, %xr : tensor<3x2xf32>
  %mm = arith.mulf %mu, %mu : tensor<2x2xf32>
  %ms = linalg.matmul ins(%mm, %ones : tensor<2x2xf32>, tensor<2x2xf32>) outs(%z22 : tensor<2x2xf32>) -> tensor<2x2xf32>
  %me = arith.addf %ms, %eps22 : tensor<2x2xf32>
  %mr = math.rsqrt %me : tensor<2x2xf32>
  %mn = arith.mulf %mu, %mr : tensor<2x2xf32>

  %mt = linalg.transpose ins(%mn : tensor<2x2xf32>) outs(%e22 : tensor<2x2xf32>) permutation = [1, 0]
  %z = linalg.matmul ins(%xn, %mt : tensor<3x2xf32>, tensor<2x2xf32>) outs(%z32 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %dispatch = linalg.softmax dimension(0) ins(%z : tensor<3x2xf32>) outs(%e32 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %combine = linalg.softmax dimension(1) ins(%z : tensor<3x2xf32>) outs(%e32 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %t = linalg.transpose ins(%dispatch : tensor<3x2xf32>) outs(%e23 : tensor<2x3xf32>) permutation = [1, 0]
  %slots = linalg.matmul ins(%t, %x : tensor<2x3xf32>, tensor<3x2xf32>) outs(%z22 : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %z, %dispatch, %combine, %slots : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x2xf32>
}
