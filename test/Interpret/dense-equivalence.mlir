// Choosing all experts with weights that sum to 1 is the dense mixture of Jacobs et al.; equal experts are one expert.
// RUN: moec run --interpret --decimals 5 --entry dense %s > %t.dense
// RUN: moec run --interpret --decimals 5 --entry all_chosen %s | diff %t.dense -
// RUN: moec run --interpret --decimals 5 --entry single %s > %t.single
// RUN: moec run --interpret --decimals 5 --entry equal_experts %s | diff %t.single -
// RUN: moec run --interpret --decimals 5 --entry single_twice %s > %t.single_twice
// RUN: moec run --interpret --decimals 5 --entry equal_experts_doubled %s | diff %t.single_twice -

func.func @dense() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]], [[-0.7, 0.4], [0.6, 0.1]], [[0.8, 0.3], [-0.2, -0.5]]]> : tensor<3x2x2xf32>
  %i, %w = moe.route %z {k = 3, select = #moe.select<dense>} : tensor<4x3xf32> -> tensor<4x3xi32>, tensor<4x3xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i {experts = 3}
    : tensor<4x2xf32>, tensor<4x3xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<4x3xi32>
  %y = moe.expert %rows, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<4x3xi32>, tensor<4x3xf32> -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @all_chosen() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]], [[-0.7, 0.4], [0.6, 0.1]], [[0.8, 0.3], [-0.2, -0.5]]]> : tensor<3x2x2xf32>
  %i, %w = moe.route %z {k = 3, renorm = #moe.renorm<>} : tensor<4x3xf32> -> tensor<4x3xi32>, tensor<4x3xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i {experts = 3}
    : tensor<4x2xf32>, tensor<4x3xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<4x3xi32>
  %y = moe.expert %rows, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w {order = #moe.order<expert_ascending>} : tensor<?x2xf32>, tensor<4x3xi32>, tensor<4x3xf32> -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @equal_experts() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]], [[0.5, -0.3], [0.2, 0.9]], [[0.5, -0.3], [0.2, 0.9]]]> : tensor<3x2x2xf32>
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<>} : tensor<4x3xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i {experts = 3}
    : tensor<4x2xf32>, tensor<4x2xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<4x2xi32>
  %y = moe.expert %rows, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

// Weights that sum to 2 give twice the expert.
func.func @equal_experts_doubled() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %z = arith.constant dense<[[0.1, 1.3, -0.2], [0.8, -0.5, 0.9], [-1.0, 0.4, 0.2], [0.3, 0.6, 1.7]]> : tensor<4x3xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]], [[0.5, -0.3], [0.2, 0.9]], [[0.5, -0.3], [0.2, 0.9]]]> : tensor<3x2x2xf32>
  %i, %w = moe.route %z {k = 2, weight = #moe.weight<ones>} : tensor<4x3xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %i {experts = 3}
    : tensor<4x2xf32>, tensor<4x2xi32> -> tensor<?x2xf32>, tensor<4xi32>, tensor<4x2xi32>
  %y = moe.expert %rows, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<?x2xf32>, tensor<4xi32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<?x2xf32>
  %out = moe.combine %y at %positions by %w : tensor<?x2xf32>, tensor<4x2xi32>, tensor<4x2xf32> -> tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}

func.func @single() -> tensor<4x2xf32> {
  %x = arith.constant dense<[[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9], [1.1, -0.6]]> : tensor<4x2xf32>
  %v = arith.constant dense<[[[0.5, -0.3], [0.2, 0.9]]]> : tensor<1x2x2xf32>
  %offsets = arith.constant dense<[0, 4]> : tensor<2xi32>
  %y = moe.expert %x, %offsets, %v, %v {activation = #moe.activation<silu>}
    : tensor<4x2xf32>, tensor<2xi32>, tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

func.func @single_twice() -> tensor<4x2xf32> {
  %y = func.call @single() : () -> tensor<4x2xf32>
  %out = arith.addf %y, %y : tensor<4x2xf32>
  return %out : tensor<4x2xf32>
}
