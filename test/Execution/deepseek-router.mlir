// DeepSeek-V3's router without groups: sigmoid scores, a bias that selects and does not weigh, division by the sum of
// the chosen, times 2.5. Identity experts multiply by 1, 2, 3 and 4 so that the layer shows its weights.
//   sigmoid(0, 1, -1, 2) = 0.5, 0.731059, 0.268941, 0.880797; keys 0.5, 0.731059, 1.268941, -0.119203
//   experts 2 and 1 with 2.5 * (0.268941, 0.731059) / 1, hence y = (3 * 0.672354 + 2 * 1.827646) x = 5.672354 x
// The second token's logits are equal: bias takes expert 2, the tie of experts 0 and 1 goes to the higher.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s --check-prefix=INTERPRETED
// RUN: moec run %s | FileCheck %s --check-prefix=COMPILED
// INTERPRETED: tensor<2x1xf32> {{\[\[}}5.6724], [12.5000]]
// INTERPRETED: tensor<2x2xi32> {{\[\[}}2, 1], [2, 1]]
// INTERPRETED: tensor<2x2xf32> {{\[\[}}0.6724, 1.8276], [1.2500, 1.2500]]
// COMPILED: y f32[2,1]: 5.6723{{[0-9]*}} 12.5{{$}}
// COMPILED: ids i32[2,2]: 2 1 2 1{{$}}
// COMPILED: weights f32[2,2]: 0.6723{{[0-9]*}} 1.8276{{[0-9]*}} 1.25 1.25{{$}}

func.func @main() -> (tensor<2x1xf32> {rt.name = "y"}, tensor<2x2xi32> {rt.name = "ids"},
                      tensor<2x2xf32> {rt.name = "weights"}) attributes {rt.entry} {
  %x = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %z = arith.constant dense<[[0.0, 1.0, -1.0, 2.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32>
  %bias = arith.constant dense<[0.0, 0.0, 1.0, -1.0]> : tensor<4xf32>
  %w1 = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %w2 = arith.constant dense<1.0> : tensor<4x1x1xf32>
  %ids, %weights = moe.route %z bias(%bias : tensor<4xf32>)
    {k = 2, score = #moe.score<sigmoid>, tie = #moe.tie<higher_index>,
     renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
    : tensor<2x4xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 4}
    : tensor<2x1xf32>, tensor<2x2xi32> -> tensor<4x1xf32>, tensor<5xi32>, tensor<2x2xi32>
  %h = moe.expert %rows, %offsets, %w1, %w2 {activation = #moe.activation<identity>}
    : tensor<4x1xf32>, tensor<5xi32>, tensor<4x1x1xf32>, tensor<4x1x1xf32> -> tensor<4x1xf32>
  %y = moe.combine %h at %positions by %weights
    : tensor<4x1xf32>, tensor<2x2xi32>, tensor<2x2xf32> -> tensor<2x1xf32>
  return %y, %ids, %weights : tensor<2x1xf32>, tensor<2x2xi32>, tensor<2x2xf32>
}
