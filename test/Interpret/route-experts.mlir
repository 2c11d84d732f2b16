// Experts that choose tokens.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

func.func private @logits() -> tensor<8x4xf32> {
  %z = arith.constant dense<[[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
                             [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]> : tensor<8x4xf32>
  return %z : tensor<8x4xf32>
}

// Four tokens per expert: tokens are taken by 3 2 1 2 3 1 2 2 experts.
// CHECK-LABEL: @four
// CHECK-NEXT: tensor<8x4xi32> {{\[\[}}-1, 2, 1, 2], [2, 3, -1, -1], [-1, -1, 0, -1], [-1, -1, 3, 0], [3, -1, 2, 3], [-1, -1, -1, 1], [0, 1, -1, -1], [1, 0, -1, -1]]
// CHECK-NEXT: tensor<8x4xf32> {{\[\[}}0.0000, 0.1609, 0.3580, 0.4373], [0.3642, 0.0993, 0.0000, 0.0000], [0.0000, 0.0000, 0.6809, 0.0000], [0.0000, 0.0000, 0.3210, 0.5848], [0.2104, 0.0000, 0.3469, 0.4237], [0.0000, 0.0000, 0.0000, 0.5437], [0.6100, 0.3348, 0.0000, 0.0000], [0.4760, 0.3526, 0.0000, 0.0000]]
func.func @four() -> (tensor<8x4xi32>, tensor<8x4xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %slots, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>}
    : tensor<8x4xf32> -> tensor<8x4xi32>, tensor<8x4xf32>
  return %slots, %w : tensor<8x4xi32>, tensor<8x4xf32>
}

// Token 5 is taken by one expert and keeps its weight, token 6 by two and gets half of each.
// CHECK-LABEL: @divided
// CHECK-NEXT: [0.0000, 0.0000, 0.0000, 0.5437], [0.3050, 0.1674, 0.0000, 0.0000], [0.2380, 0.1763, 0.0000, 0.0000]]
func.func @divided() -> tensor<8x4xf32> {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %slots, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>, divide_by_count}
    : tensor<8x4xf32> -> tensor<8x4xi32>, tensor<8x4xf32>
  return %w : tensor<8x4xf32>
}

// With one token per expert nobody takes token 0: only the residual is left of it, bit for bit. Experts are constant 0.
// CHECK-LABEL: @residual
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}0.3000], [0.3000], [0.3000], [0.3000], [0.3000], [0.3000], [0.3000], [0.3000]]
// CHECK-NEXT: tensor<5xi32> [0, 1, 2, 3, 4]
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}0.0000], [0.0000], [0.6809], [0.5848], [0.0000], [0.0000], [0.6100], [0.3526]]
func.func @residual() -> (tensor<8x1xf32>, tensor<5xi32>, tensor<8x1xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %slots, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 1.0>}
    : tensor<8x4xf32> -> tensor<8x4xi32>, tensor<8x4xf32>
  %ids, %unused = moe.route %z {k = 4, select = #moe.select<dense>} : tensor<8x4xf32> -> tensor<8x4xi32>, tensor<8x4xf32>
  %x = arith.constant dense<0.3> : tensor<8x1xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<8x4xi32>) {experts = 4}
    : tensor<8x1xf32>, tensor<8x4xi32> -> tensor<?x1xf32>, tensor<5xi32>, tensor<8x4xi32>
  %zero = arith.constant dense<0.0> : tensor<4x1x1xf32>
  %one = arith.constant dense<1.0> : tensor<4x1xf32>
  %y = moe.grouped_matmul %rows, %offsets, %zero : tensor<?x1xf32>, tensor<5xi32>, tensor<4x1x1xf32> -> tensor<?x1xf32>
  %sum = moe.combine %y at %positions by %w : tensor<?x1xf32>, tensor<8x4xi32>, tensor<8x4xf32> -> tensor<8x1xf32>
  %out = arith.addf %x, %sum : tensor<8x1xf32>
  %u = moe.grouped_matmul %rows, %offsets, %zero bias(%one : tensor<4x1xf32>)
    : tensor<?x1xf32>, tensor<5xi32>, tensor<4x1x1xf32> -> tensor<?x1xf32>
  %taken = moe.combine %u at %positions by %w : tensor<?x1xf32>, tensor<8x4xi32>, tensor<8x4xf32> -> tensor<8x1xf32>
  return %out, %offsets, %taken : tensor<8x1xf32>, tensor<5xi32>, tensor<8x1xf32>
}

// Equal scores fall to the lower token; an expert that wants more tokens than there are takes all.
// CHECK-LABEL: @ties
// CHECK-NEXT: tensor<3x2xi32> {{\[\[}}0, 0], [1, 1], [-1, -1]]
// CHECK-NEXT: tensor<3x2xi32> {{\[\[}}0, 0], [1, 1], [2, 2]]
func.func @ties() -> (tensor<3x2xi32>, tensor<3x2xi32>) {
  %z = arith.constant dense<0.0> : tensor<3x2xf32>
  %two, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 2.0>}
    : tensor<3x2xf32> -> tensor<3x2xi32>, tensor<3x2xf32>
  %all, %v = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 9.0>}
    : tensor<3x2xf32> -> tensor<3x2xi32>, tensor<3x2xf32>
  return %two, %all : tensor<3x2xi32>, tensor<3x2xi32>
}

// Mesh TensorFlow's expert_selection: softmax over the tokens.
// CHECK-LABEL: @over_tokens
// CHECK-NEXT: tensor<2x2xi32> {{\[\[}}-1, 0], [0, -1]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.0000, 0.8808], [0.7311, 0.0000]]
func.func @over_tokens() -> (tensor<2x2xi32>, tensor<2x2xf32>) {
  %z = arith.constant dense<[[0.0, 3.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %slots, %w = moe.route_experts %z {capacity = #moe.capacity<kind = factor>, score_axis = #moe.score_axis<tokens>}
    : tensor<2x2xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %slots, %w : tensor<2x2xi32>, tensor<2x2xf32>
}
