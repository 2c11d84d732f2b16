// Who gets a slot when experts take four rows each. Expected slots come from an independent computation of the
// published rules, checked against fairseq, DeepSpeed and Tutel.
// RUN: moec run --interpret %s | FileCheck %s

func.func private @logits() -> tensor<8x4xf32> {
  %z = arith.constant dense<[[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
                             [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]> : tensor<8x4xf32>
  return %z : tensor<8x4xf32>
}

// The two most probable experts of each token and their raw softmax.
func.func private @chosen() -> (tensor<8x2xi32>, tensor<8x2xf32>) {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z {k = 2} : tensor<8x4xf32> -> tensor<8x2xi32>, tensor<8x2xf32>
  return %i, %w : tensor<8x2xi32>, tensor<8x2xf32>
}

// All first choices before any second one: GShard, Switch, fairseq, V-MoE.
// CHECK-LABEL: @choice_major
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 1], [1, 2], [0, -1], [2, 2], [3, 3], [-1, -1], [0, 0], [1, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @choice_major() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// Both choices of a token before the next token: MegaBlocks.
// CHECK-LABEL: @token_major
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 0], [1, 0], [1, 2], [3, 2], [-1, 3], [-1, -1], [1, 0], [2, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @token_major() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<token_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// Batch priority routing: tokens in the order 2 6 3 5 7 0 4 1.
// CHECK-LABEL: @score_sorted
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}2, 3], [-1, 2], [0, -1], [0, 1], [3, -1], [1, 2], [0, 0], [1, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @score_sorted() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i scores(%w : tensor<8x2xf32>)
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<score_sorted>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// Each expert keeps its four most probable choices: DeepSpeed.
// CHECK-LABEL: @per_expert_score
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 0], [-1, 0], [1, -1], [1, 2], [2, 3], [3, -1], [1, 0], [2, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @per_expert_score() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i scores(%w : tensor<8x2xf32>)
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<per_expert_score>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// The same order with the scores in the place of random numbers.
// CHECK-LABEL: @random
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 0], [-1, 0], [1, -1], [1, 2], [2, 3], [3, -1], [1, 0], [2, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @random() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i uniform(%w : tensor<8x2xf32>)
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<random>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// Without capacity: nothing is dropped, slots count in token order.
// CHECK-LABEL: @dropless
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 0], [1, 0], [1, 2], [3, 2], [4, 3], [5, 4], [1, 0], [2, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 5, 6]
func.func @dropless() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, priority = #moe.priority<any>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// GShard: a padded token takes no slot, so others move up. Without the mask (Grok-1) it is routed like any.
// CHECK-LABEL: @masked
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}-1, -1], [0, 2], [0, -1], [1, 1], [2, 2], [3, 3], [0, 0], [1, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @masked() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %mask = arith.constant dense<[false, true, true, true, true, true, true, true]> : tensor<8xi1>
  %slots, %counts = moe.assign %i mask(%mask : tensor<8xi1>)
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// Two groups of four tokens fill two slots per expert each; the slots of the second follow those of the first.
// CHECK-LABEL: @groups
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 1], [1, 0], [0, -1], [-1, -1], [2, 2], [3, 3], [1, 0], [2, 1]]
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @groups() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 2.0>, priority = #moe.priority<choice_major>, group_size = 4}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// The last group has two tokens and half as much capacity per expert: one row, not three.
// CHECK-LABEL: @uneven_groups
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, 1], [1, 0], [0, -1], [2, 2], [-1, -1], [-1, -1], [1, 0], [-1, -1]]
// CHECK-NEXT: tensor<4xi32> [2, 1, 3, 3]
func.func @uneven_groups() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = token_fraction, factor = 0.5>, priority = #moe.priority<choice_major>, group_size = 6}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}

// Tutel, capacity factor 0: as many slots as the busiest expert needs, six.
// CHECK-LABEL: @max_load
// CHECK-NEXT: tensor<4xi32> [3, 2, 5, 6]
func.func @max_load() -> tensor<4xi32> {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = max_load>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %counts : tensor<4xi32>
}

// Tutel, capacity factors -1 and -0.5: at most 4 and 2.
// CHECK-LABEL: @bounded_max_load
// CHECK-NEXT: tensor<4xi32> [3, 2, 4, 4]
func.func @bounded_max_load() -> tensor<4xi32> {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = bounded_max_load, factor = 1.0, ceil_inner = true, outer_k = true>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %counts : tensor<4xi32>
}

// CHECK-LABEL: @half_bounded
// CHECK-NEXT: tensor<4xi32> [2, 2, 2, 2]
func.func @half_bounded() -> tensor<4xi32> {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = bounded_max_load, factor = 0.5, ceil_inner = true, outer_k = true>, priority = #moe.priority<choice_major>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %counts : tensor<4xi32>
}

// Switch: one choice, two slots per expert.
// CHECK-LABEL: @switch
// CHECK-NEXT: tensor<8x1xi32> {{\[\[}}0], [1], [0], [-1], [-1], [-1], [0], [1]]
func.func @switch() -> tensor<8x1xi32> {
  %z = func.call @logits() : () -> tensor<8x4xf32>
  %i, %w = moe.route %z {k = 1} : tensor<8x4xf32> -> tensor<8x1xi32>, tensor<8x1xf32>
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 2.0>, priority = #moe.priority<choice_major>}
    : tensor<8x1xi32> -> tensor<8x1xi32>, tensor<4xi32>
  return %slots : tensor<8x1xi32>
}

// No token left behind: token 3 finds its first choice full and takes the second.
// CHECK-LABEL: @no_token_left_behind
// CHECK-NEXT: tensor<8x2xi32> {{\[\[}}0, -1], [1, -1], [0, -1], [-1, 1], [-1, -1], [-1, -1], [0, -1], [1, -1]]
// CHECK-NEXT: tensor<4xi32> [2, 0, 2, 2]
func.func @no_token_left_behind() -> (tensor<8x2xi32>, tensor<4xi32>) {
  %i, %w = func.call @chosen() : () -> (tensor<8x2xi32>, tensor<8x2xf32>)
  %slots, %counts = moe.assign %i
    {experts = 4, capacity = #moe.capacity<kind = absolute, factor = 2.0>, priority = #moe.priority<choice_major>,
     overflow = #moe.overflow<reroute_next>}
    : tensor<8x2xi32> -> tensor<8x2xi32>, tensor<4xi32>
  return %slots, %counts : tensor<8x2xi32>, tensor<4xi32>
}
