// Dividing weights by their sum before or after dropping gives different numbers for token 2, whose second choice
// finds its expert full.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

func.func private @logits() -> tensor<8x4xf32> {
  %z = arith.constant dense<[[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
                             [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]> : tensor<8x4xf32>
  return %z : tensor<8x4xf32>
}

// fairseq, NLLB-MoE, DeepSpeed.
// CHECK-LABEL: @after
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.5498, 0.4502], [0.5250, 0.4750], [1.0000, 0.0000], [0.6457, 0.3543], [0.5498, 0.4502], [0.0000, 0.0000], [0.6457, 0.3543], [0.5744, 0.4256]]
func.func @after() -> tensor<8x2xf32> {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z {k = 2} : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  %slots, %counts = moe.assign %i {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<mode = clamp, eps = 1.1920929e-7>}
    : tensor<8x2xf32>, tensor<8x2xi32> -> tensor<8x2xf32>
  return %v : tensor<8x2xf32>
}

// GShard, Tutel: weights of dropped choices are never read, so the sum over experts of constant 1 tells the rest.
// CHECK-LABEL: @before
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}1.0000], [1.0000], [0.7858], [1.0000], [1.0000], [0.0000], [1.0000], [1.0000]]
func.func @before() -> tensor<8x1xf32> {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<mode = add, eps = 1.0e-9>} : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  %slots, %counts = moe.assign %i {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  %ones = arith.constant dense<1.0> : tensor<8x1xf32>
  %rows, %offsets, %positions = moe.dispatch %ones to %i slots(%slots : tensor<8x2xi32>) {experts = 4}
    : tensor<8x1xf32>, tensor<8x2xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<8x2xi32>
  %y = moe.combine %rows at %positions by %w : tensor<?x1xf32>, tensor<8x2xi32>, tensor<8x2xf32> -> tensor<8x1xf32>
  return %y : tensor<8x1xf32>
}

// 3/7 and 4/7; a norm of zero gives zeros.
// CHECK-LABEL: @by_sum
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.4286, 0.5714], [0.0000, 0.0000]]
func.func @by_sum() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[3.0, 4.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %slots = arith.constant dense<[[0, 1], [5, -1]]> : tensor<2x2xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<>} : tensor<2x2xf32>, tensor<2x2xi32> -> tensor<2x2xf32>
  return %v : tensor<2x2xf32>
}

// 3/5 and 4/5.
// CHECK-LABEL: @by_euclidean_norm
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.6000, 0.8000], [0.0000, 0.0000]]
func.func @by_euclidean_norm() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[3.0, 4.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %slots = arith.constant dense<[[0, 1], [5, -1]]> : tensor<2x2xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<p = 2>} : tensor<2x2xf32>, tensor<2x2xi32> -> tensor<2x2xf32>
  return %v : tensor<2x2xf32>
}

// 3/8 and 4/8.
// CHECK-LABEL: @eps_added
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.3750, 0.5000], [0.0000, 0.0000]]
func.func @eps_added() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[3.0, 4.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %slots = arith.constant dense<[[0, 1], [5, -1]]> : tensor<2x2xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<mode = add, eps = 1.0>} : tensor<2x2xf32>, tensor<2x2xi32> -> tensor<2x2xf32>
  return %v : tensor<2x2xf32>
}

// CHECK-LABEL: @eps_clamps
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.3000, 0.4000], [0.0000, 0.0000]]
func.func @eps_clamps() -> tensor<2x2xf32> {
  %w = arith.constant dense<[[3.0, 4.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %slots = arith.constant dense<[[0, 1], [5, -1]]> : tensor<2x2xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<mode = clamp, eps = 10.0>} : tensor<2x2xf32>, tensor<2x2xi32> -> tensor<2x2xf32>
  return %v : tensor<2x2xf32>
}

// Tutel leaves a single choice alone.
// CHECK-LABEL: @multiple_only
// CHECK-NEXT: tensor<2x1xf32> {{\[\[}}3.0000], [0.0000]]
// CHECK-NEXT: tensor<2x1xf32> {{\[\[}}1.0000], [0.0000]]
func.func @multiple_only() -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  %w = arith.constant dense<[[3.0], [2.0]]> : tensor<2x1xf32>
  %slots = arith.constant dense<[[0], [-1]]> : tensor<2x1xi32>
  %v = moe.renorm %w kept %slots {by = #moe.renorm<multiple_only = true>} : tensor<2x1xf32>, tensor<2x1xi32> -> tensor<2x1xf32>
  %u = moe.renorm %w kept %slots {by = #moe.renorm<>} : tensor<2x1xf32>, tensor<2x1xi32> -> tensor<2x1xf32>
  return %v, %u : tensor<2x1xf32>, tensor<2x1xf32>
}
