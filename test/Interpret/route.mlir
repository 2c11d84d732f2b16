// Scores, selection and weights on one 8 x 4 matrix of logits. Expected numbers come from an independent f64
// computation of the published formulas, checked against the systems named here.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

func.func private @logits() -> tensor<8x4xf32> {
  %z = arith.constant dense<[[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
                             [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]> : tensor<8x4xf32>
  return %z : tensor<8x4xf32>
}

// Raw softmax: Switch, Qwen2-MoE, OLMoE, Grok-1.
// CHECK-LABEL: @raw_softmax
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.4373, 0.3580], [0.4025, 0.3642], [0.6809, 0.1856], [0.5848, 0.3210], [0.4237, 0.3469], [0.5437, 0.2984], [0.6100, 0.3348], [0.4760, 0.3526]]
func.func @raw_softmax() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 2}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// Softmax and division by the sum of the chosen (Hugging Face Mixtral) is softmax over the chosen logits (Mistral).
// CHECK-LABEL: @sum_of_chosen
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.5498, 0.4502], [0.5250, 0.4750], [0.7858, 0.2142], [0.6457, 0.3543], [0.5498, 0.4502], [0.6457, 0.3543], [0.6457, 0.3543], [0.5744, 0.4256]]
func.func @sum_of_chosen() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 2, renorm = #moe.renorm<>}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// CHECK-LABEL: @softmax_of_chosen
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.5498, 0.4502], [0.5250, 0.4750], [0.7858, 0.2142], [0.6457, 0.3543], [0.5498, 0.4502], [0.6457, 0.3543], [0.6457, 0.3543], [0.5744, 0.4256]]
func.func @softmax_of_chosen() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// Sigmoid scores, division by the sum, scale 2.5.
// CHECK-LABEL: @sigmoid_scaled
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}1.2812, 1.2188], [1.2896, 1.2104], [1.5450, 0.9550], [1.3084, 1.1916], [1.2747, 1.2253], [1.3511, 1.1489], [1.3135, 1.1865], [1.2803, 1.2197]]
func.func @sigmoid_scaled() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 2, score = #moe.score<sigmoid>, renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// Llama 4: the sigmoid of the largest logit.
// CHECK-LABEL: @llama4_scale
// CHECK-NEXT: tensor<8x1xi32> {{\[\[}}3], [3], [2], [3], [3], [3], [0], [0]]
// CHECK-NEXT: tensor<8x1xf32> {{\[\[}}0.7685], [0.3775], [0.7685], [0.8808], [0.8176], [0.7858], [0.8699], [0.8581]]
func.func @llama4_scale() -> (tensor<8x1xi32>, tensor<8x1xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 1, score = #moe.score<sigmoid>}
    : tensor<8x4xf32> -> tensor<8x1xi32>, tensor<8x1xf32>
  return %i, %w : tensor<8x1xi32>, tensor<8x1xf32>
}

// Pangu Pro MoGE: the best expert of each of two groups, in the order of groups.
// CHECK-LABEL: @moge
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}1, 3], [0, 3], [1, 2], [1, 3], [0, 3], [0, 3], [0, 2], [0, 2]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.1609, 0.4373], [0.3642, 0.4025], [0.0921, 0.6809], [0.0586, 0.5848], [0.2104, 0.4237], [0.1213, 0.5437], [0.6100, 0.0304], [0.4760, 0.1584]]
func.func @moge() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z
    {k = 2, groups = #moe.groups<n = 2, keep = 2, each = 1>}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// Hash layers of DeepSeek-V4: a table chooses by token id, the learned gate weighs.
// CHECK-LABEL: @hash_table
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 1], [2, 3], [1, 3], [0, 1], [2, 3], [1, 3], [0, 1], [2, 3]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.5625, 0.9375], [0.5757, 0.9243], [0.6472, 0.8528], [0.6750, 0.8250], [0.7314, 0.7686], [0.4116, 1.0884], [0.8025, 0.6975], [1.0930, 0.4070]]
func.func @hash_table() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %table = arith.constant dense<[[0, 1], [2, 3], [1, 3]]> : tensor<3x2xi32>
  %tokens = arith.constant dense<[0, 1, 2, 0, 1, 2, 0, 1]> : tensor<8xi32>
  %i, %w = moe.route %z table(%table : tensor<3x2xi32>) token_ids(%tokens : tensor<8xi32>)
    {k = 2, select = #moe.select<table>, score = #moe.score<sqrt_softplus>,
     renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 1.5}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// PanGu-Sigma: a table alone, weight 1.
// CHECK-LABEL: @random_routed
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 1], [2, 3], [1, 3], [0, 1], [2, 3], [1, 3], [0, 1], [2, 3]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000], [1.0000, 1.0000]]
func.func @random_routed() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %table = arith.constant dense<[[0, 1], [2, 3], [1, 3]]> : tensor<3x2xi32>
  %tokens = arith.constant dense<[0, 1, 2, 0, 1, 2, 0, 1]> : tensor<8xi32>
  %i, %w = moe.route %z table(%table : tensor<3x2xi32>) token_ids(%tokens : tensor<8xi32>)
    {k = 2, select = #moe.select<table>, weight = #moe.weight<ones>}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// The same ids as an operand.
// CHECK-LABEL: @given
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
// CHECK-NEXT: tensor<8x2xf32> {{\[\[}}0.5498, 0.4502], [0.5250, 0.4750], [0.7858, 0.2142], [0.6457, 0.3543], [0.5498, 0.4502], [0.6457, 0.3543], [0.6457, 0.3543], [0.5744, 0.4256]]
func.func @given() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %ids = arith.constant dense<[[3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]> : tensor<8x2xi32>
  %i, %w = moe.route %z ids(%ids : tensor<8x2xi32>)
    {k = 2, select = #moe.select<given>, weight = #moe.weight<softmax_selected>}
    : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// bf16 logits choose the same experts: the margins exceed a unit of bf16. Weights are rounded once to bf16.
// CHECK-LABEL: @bf16_router
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}3, 2], [3, 0], [2, 3], [3, 2], [3, 2], [3, 2], [0, 1], [0, 1]]
func.func @bf16_router() -> tensor<8x2xi32> {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %narrow = arith.truncf %z : tensor<8x4xf32> to tensor<8x4xbf16>
  %i, %w = moe.route %narrow {k = 2} : tensor<8x4xbf16> -> tensor<8x2xi32>, tensor<8x2xbf16>
  return %i : tensor<8x2xi32>
}
