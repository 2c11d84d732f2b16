// RUN: moe-opt %s -split-input-file -verify-diagnostics

func.func @no_experts(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op expects at least one expert, got experts = 0}}
  %s, %c = moe.assign %ids {experts = 0}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @too_many_experts(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op ids are i32 and cannot name 2147483648 experts}}
  %s, %c = moe.assign %ids {experts = 2147483648}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @slots_shape(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op expects dimension 1 of slots to be 2, got 3}}
  %s, %c = moe.assign %ids {experts = 8}
    : tensor<4x2xi32> -> tensor<4x3xi32>, tensor<8xi32>
  return
}

// -----

func.func @counts_size(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op expects dimension 0 of counts to be 8, got 4}}
  %s, %c = moe.assign %ids {experts = 8}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<4xi32>
  return
}

// -----

func.func @scores_shape(%ids: tensor<4x2xi32>, %o: tensor<5x2xf32>) {
  // expected-error @+1 {{'moe.assign' op expects dimension 0 of scores to be 4, got 5}}
  %s, %c = moe.assign %ids scores(%o : tensor<5x2xf32>) {experts = 8}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @mask_size(%ids: tensor<4x2xi32>, %o: tensor<5xi1>) {
  // expected-error @+1 {{'moe.assign' op expects dimension 0 of mask to be 4, got 5}}
  %s, %c = moe.assign %ids mask(%o : tensor<5xi1>) {experts = 8}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @uniform_shape(%ids: tensor<4x2xi32>, %o: tensor<4x1xf32>) {
  // expected-error @+1 {{'moe.assign' op expects dimension 1 of uniform to be 2, got 1}}
  %s, %c = moe.assign %ids uniform(%o : tensor<4x1xf32>) {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<random>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @negative_group(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op expects group_size >= 0, got -1}}
  %s, %c = moe.assign %ids {experts = 8, group_size = -1}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @sorted_without_scores(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op priority score_sorted needs the operand 'scores'}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<score_sorted>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @best_without_scores(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op priority per_expert_score needs the operand 'scores'}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<per_expert_score>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @random_without_numbers(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op priority random needs the operand 'uniform'}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<random>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @numbers_without_random(%ids: tensor<4x2xi32>, %o: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.assign' op operand 'uniform' has no effect without priority random}}
  %s, %c = moe.assign %ids uniform(%o : tensor<4x2xf32>) {experts = 8}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @priority_without_capacity(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op without capacity nothing is dropped and priority must be any, got choice_major}}
  %s, %c = moe.assign %ids {experts = 8, priority = #moe.priority<choice_major>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @reroute_without_capacity(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op without capacity nothing overflows}}
  %s, %c = moe.assign %ids {experts = 8, overflow = #moe.overflow<reroute_next>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @capacity_without_priority(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op capacity needs a priority: which choices are dropped depends on it}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @reroute_by_token(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.assign' op overflow = reroute_next fills slots in rounds and expects priority choice_major, got token_major}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<token_major>, overflow = #moe.overflow<reroute_next>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @no_capacity(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{expects a positive factor, got 0.000000e+00}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = factor, factor = 0.0>, priority = #moe.priority<choice_major>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @negative_min(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{expects min >= 0, got -1}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = factor, min = -1>, priority = #moe.priority<choice_major>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @no_multiple(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{expects multiple >= 1, got 0}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = factor, multiple = 0>, priority = #moe.priority<choice_major>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @twice_k(%ids: tensor<4x2xi32>) {
  // expected-error @+1 {{expects k to multiply once: times_k (before rounding) or outer_k (after)}}
  %s, %c = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = factor, times_k = true, outer_k = true>, priority = #moe.priority<choice_major>}
    : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  return
}

// -----

func.func @renorm_slots(%w: tensor<4x2xf32>, %s: tensor<4x3xi32>) {
  // expected-error @+1 {{'moe.renorm' op requires the same shape for all operands and results}}
  %v = moe.renorm %w kept %s {by = #moe.renorm<>} : tensor<4x2xf32>, tensor<4x3xi32> -> tensor<4x2xf32>
  return
}

// -----

func.func @experts_slots(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route_experts' op expects dimension 1 of slots to be 8, got 4}}
  %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>}
    : tensor<4x8xf32> -> tensor<4x4xi32>, tensor<4x8xf32>
  return
}

// -----

func.func @experts_weights(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route_experts' op expects dimension 0 of weights to be 4, got 8}}
  %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>}
    : tensor<4x8xf32> -> tensor<4x8xi32>, tensor<8x8xf32>
  return
}

// -----

func.func @experts_load(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route_experts' op experts choose tokens: there is no load to bound their capacity by}}
  %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = max_load>}
    : tensor<4x8xf32> -> tensor<4x8xi32>, tensor<4x8xf32>
  return
}

// -----

func.func @experts_mixer(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route_experts' op the sparse mixer is a choice of tokens, not of experts}}
  %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>, score = #moe.score<sparse_mixer>}
    : tensor<4x8xf32> -> tensor<4x8xi32>, tensor<4x8xf32>
  return
}

// -----

func.func @experts_axis(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route_experts' op score_axis = tokens has no effect on score = identity}}
  %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>, score = #moe.score<identity>, score_axis = #moe.score_axis<tokens>}
    : tensor<4x8xf32> -> tensor<4x8xi32>, tensor<4x8xf32>
  return
}
