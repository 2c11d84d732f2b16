// Dispatch and combine: row order, order and precision of sums, dropped choices.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s

func.func private @logits() -> tensor<8x4xf32> {
  %z = arith.constant dense<[[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
                             [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]> : tensor<8x4xf32>
  return %z : tensor<8x4xf32>
}

// Rows by expert, then slot; a scale multiplies each copy.
// CHECK-LABEL: @dispatch
// CHECK-NEXT: tensor<5x1xf32> {{\[\[}}2.0000], [1.0000], [3.0000], [1.0000], [3.0000]]
// CHECK-NEXT: tensor<4xi32> [0, 3, 3, 5]
// CHECK-NEXT: tensor<3x2xi32> {{\[\[}}3, 1], [0, -1], [2, 4]]
// CHECK-NEXT: tensor<5x1xf32> {{\[\[}}8.0000], [2.0000], [15.0000], [1.0000], [18.0000]]
func.func @dispatch() -> (tensor<?x1xf32>, tensor<4xi32>, tensor<3x2xi32>, tensor<?x1xf32>) {
  %x = arith.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>
  %ids = arith.constant dense<[[2, 0], [0, -1], [0, 2]]> : tensor<3x2xi32>
  %slots = arith.constant dense<[[0, 1], [0, 0], [2, 1]]> : tensor<3x2xi32>
  %scale = arith.constant dense<[[1.0, 2.0], [4.0, 9.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<3x2xi32>) {experts = 3}
    : tensor<3x1xf32>, tensor<3x2xi32> -> tensor<?x1xf32>, tensor<4xi32>, tensor<3x2xi32>
  %scaled, %o, %p = moe.dispatch %x to %ids slots(%slots : tensor<3x2xi32>) scale(%scale : tensor<3x2xf32>) {experts = 3}
    : tensor<3x1xf32>, tensor<3x2xi32> -> tensor<?x1xf32>, tensor<4xi32>, tensor<3x2xi32>
  return %rows, %offsets, %positions, %scaled : tensor<?x1xf32>, tensor<4xi32>, tensor<3x2xi32>, tensor<?x1xf32>
}

// Without slots: a stable counting sort.
// CHECK-LABEL: @counting_sort
// CHECK-NEXT: tensor<3x2xi32> {{\[\[}}3, 0], [1, -1], [2, 4]]
func.func @counting_sort() -> tensor<3x2xi32> {
  %x = arith.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>
  %ids = arith.constant dense<[[2, 0], [0, -1], [0, 2]]> : tensor<3x2xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3}
    : tensor<3x1xf32>, tensor<3x2xi32> -> tensor<?x1xf32>, tensor<4xi32>, tensor<3x2xi32>
  return %positions : tensor<3x2xi32>
}

// 1 + 2^24 - 2^24 in f32 is 0, 2^24 - 2^24 + 1 is 1: the order counts. In f64 sums it does not.
// CHECK-LABEL: @order
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}0.0000]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}1.0000]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}1.0000]]
func.func @order() -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>) {
  %rows = arith.constant dense<[[1.6777216e7], [-1.6777216e7], [1.0]]> : tensor<3x1xf32>
  %positions = arith.constant dense<[[2, 0, 1]]> : tensor<1x3xi32>
  %ones = arith.constant dense<1.0> : tensor<1x3xf32>
  %a = moe.combine %rows at %positions by %ones : tensor<3x1xf32>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xf32>
  %b = moe.combine %rows at %positions by %ones {order = #moe.order<expert_ascending>}
    : tensor<3x1xf32>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xf32>
  %c = moe.combine %rows at %positions by %ones {accumulator = f64}
    : tensor<3x1xf32>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xf32>
  return %a, %b, %c : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>
}

// 256 + 1 + 1 in a bf16 accumulator stays 256 (ties to even), in f32 it is 258; terms of 1.001 rounded to bf16 are 1.
// CHECK-LABEL: @precision
// CHECK-NEXT: tensor<1x1xbf16> {{\[\[}}256.0000]]
// CHECK-NEXT: tensor<1x1xbf16> {{\[\[}}258.0000]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}2.0020]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}2.0000]]
func.func @precision() -> (tensor<1x1xbf16>, tensor<1x1xbf16>, tensor<1x1xf32>, tensor<1x1xf32>) {
  %rows = arith.constant dense<[[256.0], [1.0], [1.0]]> : tensor<3x1xbf16>
  %positions = arith.constant dense<[[0, 1, 2]]> : tensor<1x3xi32>
  %ones = arith.constant dense<1.0> : tensor<1x3xf32>
  %a = moe.combine %rows at %positions by %ones {accumulator = bf16}
    : tensor<3x1xbf16>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xbf16>
  %b = moe.combine %rows at %positions by %ones : tensor<3x1xbf16>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xbf16>
  %last = arith.constant dense<[[-1, 1, 2]]> : tensor<1x3xi32>
  %w = arith.constant dense<1.001> : tensor<1x3xf32>
  %c = moe.combine %rows at %last by %w : tensor<3x1xbf16>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xf32>
  %d = moe.combine %rows at %last by %w {term_type = bf16} : tensor<3x1xbf16>, tensor<1x3xi32>, tensor<1x3xf32> -> tensor<1x1xf32>
  return %a, %b, %c, %d : tensor<1x1xbf16>, tensor<1x1xbf16>, tensor<1x1xf32>, tensor<1x1xf32>
}

// Switch with two slots per expert drops tokens 3, 4 and 5. Experts are constant 0 here, so that the second result,
// Hugging Face's Switch before March 2025 with x = 1, shows the probability of what was dropped; in the first, of
// experts that are the identity, dropped rows are exactly zero.
// CHECK-LABEL: @dropped
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}0.4373], [0.4025], [0.6809], [0.0000], [0.0000], [0.0000], [0.6100], [0.4760]]
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}0.0000], [0.0000], [0.0000], [0.5848], [0.4237], [0.5437], [0.0000], [0.0000]]
func.func @dropped() -> (tensor<8x1xf32>, tensor<8x1xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z {k = 1} : tensor<8x4xf32> -> tensor<8x1xi32>, tensor<8x1xf32>
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 2.0>, priority = #moe.priority<choice_major>}
    : tensor<8x1xi32> -> tensor<8x1xi32>, tensor<4xi32>
  %x = arith.constant dense<1.0> : tensor<8x1xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i slots(%slots : tensor<8x1xi32>) {experts = 4}
    : tensor<8x1xf32>, tensor<8x1xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<8x1xi32>
  %a = moe.combine %rows at %positions by %w : tensor<?x1xf32>, tensor<8x1xi32>, tensor<8x1xf32> -> tensor<8x1xf32>
  %zero = arith.constant dense<0.0> : tensor<4x1x1xf32>
  %y = moe.grouped_matmul %rows, %offsets, %zero : tensor<?x1xf32>, tensor<5xi32>, tensor<4x1x1xf32> -> tensor<?x1xf32>
  %b = moe.combine %y at %positions by %w passthrough(%x : tensor<8x1xf32>)
    : tensor<?x1xf32>, tensor<8x1xi32>, tensor<8x1xf32> -> tensor<8x1xf32>
  return %a, %b : tensor<8x1xf32>, tensor<8x1xf32>
}
