// The sparse mixer of Phi-3.5-MoE with eps = 0.01 picks twice and weighs each pick by itself.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

func.func private @logits() -> tensor<8x4xf32> {
  %z = arith.constant dense<[[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
                             [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]> : tensor<8x4xf32>
  return %z : tensor<8x4xf32>
}

// CHECK-LABEL: @far_apart
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000]]
func.func @far_apart() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 2, score = #moe.score<sparse_mixer>, mixer_eps = 0.01}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// Logits within 2 % of the largest share its weight; the second pick no longer sees the first.
// CHECK-LABEL: @close
// CHECK-NEXT: tensor<3x2xi32> {{\[\[}}0, 1], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<3x2xf32> {{\[\[}}0.5025, 1.0000], [0.5075, 0.5050], [0.5012, 1.0000]]
func.func @close() -> (tensor<3x2xi32>, tensor<3x2xf32>) {
  %z = arith.constant dense<[[1.0, 0.99, 0.2, -0.5], [2.0, 1.97, 1.95, 0.0], [-0.5, -0.505, -2.0, -3.0]]> : tensor<3x4xf32>
  %i, %w = moe.route %z
    {k = 2, score = #moe.score<sparse_mixer>}
    : tensor<3x4xf32> -> tensor<3x2xi32>, tensor<3x2xf32>
  return %i, %w : tensor<3x2xi32>, tensor<3x2xf32>
}

// All zero: 0 / 0 is no reason to strike an expert out.
// CHECK-LABEL: @zero
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.2500, 0.3333]]
func.func @zero() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, score = #moe.score<sparse_mixer>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}
