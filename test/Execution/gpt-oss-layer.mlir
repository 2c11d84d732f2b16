// gpt-oss: gate and up projections interleaved, both clamped, silu with 1.702, up + 1, biases on both products. One
// expert of two is chosen, with weight 1. Clamped gates are 7, ups 7 or -7; 7 * sigmoid(11.914) = 6.999953:
//   token (9, 8) on expert 0: g = 9 + 0.5 -> 7, u = 8 -> 7, h = 6.999953 * 8 = 55.999626, y = 2 h + 1 = 112.999250
//   token (1, -9) on expert 1: g = 1, u = -9 -> -7, h = sigmoid(1.702) * -6 = -5.074775, y = -h = 5.074775
// RUN: moec run --interpret --decimals 3 %s | FileCheck %s --check-prefix=INTERPRETED
// RUN: moec run %s | FileCheck %s --check-prefix=COMPILED
// INTERPRETED: tensor<2x1xf32> {{\[\[}}112.999], [5.075]]
// COMPILED: y f32[2,1]: 112.999{{[0-9]*}} 5.074{{[0-9]*$}}

func.func @main() -> (tensor<2x1xf32> {rt.name = "y"}) attributes {rt.entry} {
  %x = arith.constant dense<[[9.0, 8.0], [1.0, -9.0]]> : tensor<2x2xf32>
  %z = arith.constant dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %w1 = arith.constant dense<[[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]> : tensor<2x2x2xf32>
  %b1 = arith.constant dense<[[0.5, 0.0], [0.0, 0.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[[2.0]], [[-1.0]]]> : tensor<2x1x1xf32>
  %b2 = arith.constant dense<[[1.0], [0.0]]> : tensor<2x1xf32>
  %ids, %weights = moe.route %z {k = 1, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
    : tensor<2x2xf32> -> tensor<2x1xi32>, tensor<2x1xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 2}
    : tensor<2x2xf32>, tensor<2x1xi32> -> tensor<2x2xf32>, tensor<3xi32>, tensor<2x1xi32>
  %h = moe.expert %rows, %offsets, %w1, %w2 b1(%b1 : tensor<2x2xf32>) b2(%b2 : tensor<2x1xf32>)
    {activation = #moe.activation<silu>, gate = #moe.gate<interleaved_gate_even>, alpha = 1.702,
     gate_max = 7.0, up_abs = 7.0, up_offset = 1.0}
    : tensor<2x2xf32>, tensor<3xi32>, tensor<2x2x2xf32>, tensor<2x1x1xf32> -> tensor<2x1xf32>
  %y = moe.combine %h at %positions by %weights
    : tensor<2x1xf32>, tensor<2x1xi32>, tensor<2x1xf32> -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}
