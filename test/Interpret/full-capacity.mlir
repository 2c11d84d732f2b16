// Capacity for every token gives what no capacity gives, whoever claims first, to the last bit.
// RUN: moec run --interpret --entry dropless %s > %t.dropless
// RUN: moec run --interpret --entry token_major %s | diff %t.dropless -
// RUN: moec run --interpret --entry choice_major %s | diff %t.dropless -
// RUN: moec run --interpret --entry score_sorted %s | diff %t.dropless -
// RUN: moec run --interpret --entry per_expert_score %s | diff %t.dropless -
// RUN: moec run --interpret --entry random %s | diff %t.dropless -

func.func private @route() -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<>} : tensor<4x3xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %i, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

func.func private @experts(%slots: tensor<4x2xi32>) -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]], [[-0.7, 0.4], [0.6, 0.1]], [[0.8, 0.3], [-0.2, -0.5]]]> : tensor<3x2x2xf32>
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %rows, %offsets, %positions = moe.dispatch %x to %i slots(%slots : tensor<4x2xi32>) {experts = 3}
    : tensor<4x2xf32>, tensor<4x2xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<4x2xi32>
  %y = moe.expert %rows, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @dropless() -> tensor<4x2xf32> {
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 3} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<3xi32>
  %out = func.call @experts(%slots) : (tensor<4x2xi32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @token_major() -> tensor<4x2xf32> {
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 3, capacity = #moe.capacity<kind = token_fraction>, priority = #moe.priority<token_major>} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<3xi32>
  %out = func.call @experts(%slots) : (tensor<4x2xi32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @choice_major() -> tensor<4x2xf32> {
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 3, capacity = #moe.capacity<kind = token_fraction>, priority = #moe.priority<choice_major>} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<3xi32>
  %out = func.call @experts(%slots) : (tensor<4x2xi32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @score_sorted() -> tensor<4x2xf32> {
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %slots, %counts = moe.assign %i scores(%w : tensor<4x2xf32>)
    {experts = 3, capacity = #moe.capacity<kind = token_fraction>, priority = #moe.priority<score_sorted>} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<3xi32>
  %out = func.call @experts(%slots) : (tensor<4x2xi32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @per_expert_score() -> tensor<4x2xf32> {
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %slots, %counts = moe.assign %i scores(%w : tensor<4x2xf32>)
    {experts = 3, capacity = #moe.capacity<kind = token_fraction>, priority = #moe.priority<per_expert_score>} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<3xi32>
  %out = func.call @experts(%slots) : (tensor<4x2xi32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @random() -> tensor<4x2xf32> {
  %i, %w = func.call @route() : () -> (tensor<4x2xi32>, tensor<4x2xf32>)
  %slots, %counts = moe.assign %i uniform(%w : tensor<4x2xf32>)
    {experts = 3, capacity = #moe.capacity<kind = token_fraction>, priority = #moe.priority<random>} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<3xi32>
  %out = func.call @experts(%slots) : (tensor<4x2xi32>) -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}
