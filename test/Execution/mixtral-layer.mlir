// A Mixtral layer of three experts on two tokens: the two experts with the largest logits, a softmax over these, gate
// and up projections apart. By hand, first token: experts 1 and 2 tie, each weighs 1/2;
//   expert 1: silu(2) * 1 = 1.761594 -> (1.761594, -1.761594)     expert 2: silu(3) * 4 = 11.430890 -> (0, 11.430890)
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s --check-prefix=INTERPRETED
// RUN: moec run %s | FileCheck %s --check-prefix=COMPILED
// RUN: moec run --threads 3 %s | FileCheck %s --check-prefix=COMPILED
// INTERPRETED: tensor<2x2xf32> {{\[\[}}0.8808, 4.8346], [-0.0884, 0.2901]]
// INTERPRETED: tensor<2x2xi32> {{\[\[}}1, 2], [0, 1]]
// COMPILED: y f32[2,2]: 0.8807{{[0-9]*}} 4.8346{{[0-9]*}} -0.0883{{[0-9]*}} 0.2900{{[0-9]*$}}
// COMPILED: ids i32[2,2]: 1 2 0 1{{$}}

func.func @main() -> (tensor<2x2xf32> {rt.name = "y"}, tensor<2x2xi32> {rt.name = "ids"}) attributes {rt.entry} {
  %x = arith.constant dense<[[1.0, 2.0], [-1.0, 0.5]]> : tensor<2x2xf32>
  %z = arith.constant dense<[[0.0, 1.0, 1.0], [2.0, 2.0, -1.0]]> : tensor<2x3xf32>
  %gate = arith.constant dense<[[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 1.0]]]> : tensor<3x1x2xf32>
  %up = arith.constant dense<[[[1.0, 1.0]], [[1.0, 0.0]], [[0.0, 2.0]]]> : tensor<3x1x2xf32>
  %down = arith.constant dense<[[[1.0], [2.0]], [[1.0], [-1.0]], [[0.0], [1.0]]]> : tensor<3x2x1xf32>
  %ids, %weights = moe.route %z {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
    : tensor<2x3xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 3}
    : tensor<2x2xf32>, tensor<2x2xi32> -> tensor<4x2xf32>, tensor<4xi32>, tensor<2x2xi32>
  %h = moe.expert %rows, %offsets, %gate, %down up(%up : tensor<3x1x2xf32>)
    {activation = #moe.activation<silu>, gate = #moe.gate<separate>}
    : tensor<4x2xf32>, tensor<4xi32>, tensor<3x1x2xf32>, tensor<3x2x1xf32> -> tensor<4x2xf32>
  %y = moe.combine %h at %positions by %weights
    : tensor<4x2xf32>, tensor<2x2xi32>, tensor<2x2xf32> -> tensor<2x2xf32>
  return %y, %ids : tensor<2x2xf32>, tensor<2x2xi32>
}
