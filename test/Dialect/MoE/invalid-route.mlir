// RUN: moe-opt %s -split-input-file -verify-diagnostics

func.func @no_choice(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects k >= 1, got k = 0}}
  %i, %w = moe.route %z {k = 0}
    : tensor<4x8xf32> -> tensor<4x0xi32>, tensor<4x0xf32>
  return
}

// -----

func.func @more_choices_than_experts(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects k <= number of experts, got k = 9 of 8 experts}}
  %i, %w = moe.route %z {k = 9}
    : tensor<4x8xf32> -> tensor<4x9xi32>, tensor<4x9xf32>
  return
}

// -----

func.func @ids_columns(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 1 of ids to be 2, got 3}}
  %i, %w = moe.route %z {k = 2}
    : tensor<4x8xf32> -> tensor<4x3xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @weights_rows(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 0 of weights to be 4, got 5}}
  %i, %w = moe.route %z {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<5x2xf32>
  return
}

// -----

func.func @key_shape(%z: tensor<4x8xf32>, %o: tensor<4x7xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 1 of the key operand to be 8, got 7}}
  %i, %w = moe.route %z key(%o : tensor<4x7xf32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @bias_size(%z: tensor<4x8xf32>, %o: tensor<4xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 0 of bias to be 8, got 4}}
  %i, %w = moe.route %z bias(%o : tensor<4xf32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @noise_shape(%z: tensor<4x8xf32>, %o: tensor<5x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 0 of noise to be 4, got 5}}
  %i, %w = moe.route %z noise(%o : tensor<5x8xf32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @uniform_shape(%z: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 1 of uniform to be 2, got 8}}
  %i, %w = moe.route %z uniform(%o : tensor<4x8xf32>) {k = 2, policy = #moe.policy<kind = random, theta = 0.5>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @external_shape(%z: tensor<4x8xf32>, %o: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 1 of the weights operand to be 8, got 2}}
  %i, %w = moe.route %z weights(%o : tensor<4x2xf32>) {k = 2, weight = #moe.weight<external>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @given_shape(%z: tensor<4x8xf32>, %o: tensor<4x8xi32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 1 of the ids operand to be 2, got 8}}
  %i, %w = moe.route %z ids(%o : tensor<4x8xi32>) {k = 2, select = #moe.select<given>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @table_width(%z: tensor<4x8xf32>, %o: tensor<9x3xi32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 1 of table to be 2, got 3}}
  %i, %w = moe.route %z table(%o : tensor<9x3xi32>) token_ids(%t : tensor<4xi32>) {k = 2, select = #moe.select<table>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @token_ids_size(%z: tensor<4x8xf32>, %o: tensor<9x2xi32>, %t: tensor<5xi32>) {
  // expected-error @+1 {{'moe.route' op expects dimension 0 of token_ids to be 4, got 5}}
  %i, %w = moe.route %z table(%o : tensor<9x2xi32>) token_ids(%t : tensor<5xi32>) {k = 2, select = #moe.select<table>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @random_without_numbers(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op policy random needs the operand 'uniform'}}
  %i, %w = moe.route %z {k = 2, policy = #moe.policy<kind = random, theta = 0.5>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @numbers_without_random(%z: tensor<4x8xf32>, %o: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.route' op operand 'uniform' has no effect without policy random}}
  %i, %w = moe.route %z uniform(%o : tensor<4x2xf32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @external_without_weights(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op weight = external needs the operand 'weights'}}
  %i, %w = moe.route %z {k = 2, weight = #moe.weight<external>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @weights_without_external(%z: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op operand 'weights' has no effect without weight = external}}
  %i, %w = moe.route %z weights(%o : tensor<4x8xf32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @given_without_ids(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op select = given needs the operand 'ids'}}
  %i, %w = moe.route %z {k = 2, select = #moe.select<given>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @ids_without_given(%z: tensor<4x8xf32>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.route' op operand 'ids' has no effect without select = given}}
  %i, %w = moe.route %z ids(%o : tensor<4x2xi32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @table_without_table(%z: tensor<4x8xf32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{'moe.route' op select = table needs the operand 'table'}}
  %i, %w = moe.route %z token_ids(%t : tensor<4xi32>) {k = 2, select = #moe.select<table>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @table_without_tokens(%z: tensor<4x8xf32>, %o: tensor<9x2xi32>) {
  // expected-error @+1 {{'moe.route' op select = table needs the operand 'token_ids'}}
  %i, %w = moe.route %z table(%o : tensor<9x2xi32>) {k = 2, select = #moe.select<table>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @tokens_without_table(%z: tensor<4x8xf32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{'moe.route' op operand 'token_ids' has no effect without select = table}}
  %i, %w = moe.route %z token_ids(%t : tensor<4xi32>) {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @random_theta(%z: tensor<4x8xf32>, %o: tensor<4x2xf32>) {
  // expected-error @+1 {{'moe.route' op policy random divides by theta and expects it to be positive, got 0.000000e+00}}
  %i, %w = moe.route %z uniform(%o : tensor<4x2xf32>) {k = 2, policy = #moe.policy<kind = random>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @dense_ranks_nothing(%z: tensor<4x8xf32>, %o: tensor<8xf32>) {
  // expected-error @+1 {{'moe.route' op select = dense ranks nothing; key, bias and noise in the selection have no effect}}
  %i, %w = moe.route %z bias(%o : tensor<8xf32>) {k = 8, select = #moe.select<dense>}
    : tensor<4x8xf32> -> tensor<4x8xi32>, tensor<4x8xf32>
  return
}

// -----

func.func @dense_ignores_selection_noise(%z: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op select = dense ranks nothing; key, bias and noise in the selection have no effect}}
  %i, %w = moe.route %z noise(%o : tensor<4x8xf32>) {k = 8, select = #moe.select<dense>, noise_site = #moe.noise_site<select_only>}
    : tensor<4x8xf32> -> tensor<4x8xi32>, tensor<4x8xf32>
  return
}

// -----

func.func @noise_site_without_noise(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op noise_site = select_later needs the operand 'noise'}}
  %i, %w = moe.route %z {k = 2, noise_site = #moe.noise_site<select_later>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @later_noise_with_groups(%z: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op noise_site = select_later has no meaning together with groups}}
  %i, %w = moe.route %z noise(%o : tensor<4x8xf32>) {k = 2, noise_site = #moe.noise_site<select_later>, groups = #moe.groups<n = 2, keep = 1>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @sigmoid_over_tokens(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op score_axis = tokens has no effect on score = sigmoid}}
  %i, %w = moe.route %z {k = 2, score = #moe.score<sigmoid>, score_axis = #moe.score_axis<tokens>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @dense_of_some(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op select = dense expects k = number of experts, got k = 2 of 8}}
  %i, %w = moe.route %z {k = 2, select = #moe.select<dense>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @mixer_of_three(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op the sparse mixer chooses 2 experts, got k = 3}}
  %i, %w = moe.route %z {k = 3, score = #moe.score<sparse_mixer>}
    : tensor<4x8xf32> -> tensor<4x3xi32>, tensor<4x3xf32>
  return
}

// -----

func.func @mixer_with_bias(%z: tensor<4x8xf32>, %o: tensor<8xf32>) {
  // expected-error @+1 {{'moe.route' op the sparse mixer selects and weighs by itself; key, bias, groups, select, weight and noise_site must keep their defaults}}
  %i, %w = moe.route %z bias(%o : tensor<8xf32>) {k = 2, score = #moe.score<sparse_mixer>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @mixer_with_key(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op the sparse mixer selects and weighs by itself; key, bias, groups, select, weight and noise_site must keep their defaults}}
  %i, %w = moe.route %z {k = 2, score = #moe.score<sparse_mixer>, key = #moe.key<logit>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @mixer_eps(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects mixer_eps >= 0}}
  %i, %w = moe.route %z {k = 2, score = #moe.score<sparse_mixer>, mixer_eps = -0.1}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @groups_of_given(%z: tensor<4x8xf32>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{'moe.route' op groups limit a top-k selection; they have no meaning with select = given}}
  %i, %w = moe.route %z ids(%o : tensor<4x2xi32>) {k = 2, select = #moe.select<given>, groups = #moe.groups<n = 2, keep = 1>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @groups_each(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects k = keep * each, got k = 3, keep = 2, each = 1}}
  %i, %w = moe.route %z {k = 3, groups = #moe.groups<n = 2, keep = 2, each = 1>}
    : tensor<4x8xf32> -> tensor<4x3xi32>, tensor<4x3xf32>
  return
}

// -----

func.func @groups_each_overflow(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects k = keep * each, got k = 4, keep = 4, each = 4611686018427387905}}
  %i, %w = moe.route %z {k = 4, groups = #moe.groups<n = 4, keep = 4, each = 4611686018427387905>}
    : tensor<4x8xf32> -> tensor<4x4xi32>, tensor<4x4xf32>
  return
}

// -----

func.func @groups_uneven(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects groups of equal size, got 8 experts in 3 groups}}
  %i, %w = moe.route %z {k = 2, groups = #moe.groups<n = 3, keep = 1>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @groups_of_one(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects at least 2 experts per group for top2_sum, got 1}}
  %i, %w = moe.route %z {k = 2, groups = #moe.groups<n = 8, keep = 4, reduce = top2_sum>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @groups_each_too_many(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects each <= experts per group, got each = 3 of 2}}
  %i, %w = moe.route %z {k = 6, groups = #moe.groups<n = 4, keep = 2, each = 3>}
    : tensor<4x8xf32> -> tensor<4x6xi32>, tensor<4x6xf32>
  return
}

// -----

func.func @groups_too_few_kept(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{'moe.route' op expects k <= experts in kept groups, got k = 3 of 2}}
  %i, %w = moe.route %z {k = 3, groups = #moe.groups<n = 4, keep = 1>}
    : tensor<4x8xf32> -> tensor<4x3xi32>, tensor<4x3xf32>
  return
}

// -----

func.func @no_groups(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects at least one group, got n = 0}}
  %i, %w = moe.route %z {k = 2, groups = #moe.groups<n = 0, keep = 0>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @groups_keep(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects 1 <= keep <= n, got keep = 3 of n = 2}}
  %i, %w = moe.route %z {k = 2, groups = #moe.groups<n = 2, keep = 3>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @groups_negative_each(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects each >= 0, got -1}}
  %i, %w = moe.route %z {k = 2, groups = #moe.groups<n = 2, keep = 1, each = -1>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @norm_order(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects a norm with p >= 1, got 0}}
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<p = 0>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @negative_eps(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects eps >= 0, got -1.000000e+00}}
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<mode = add, eps = -1.0>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @eps_without_mode(%z: tensor<4x8xf32>) {
  // expected-error @+1 {{eps = 1.000000e+00 has no effect without mode = add or clamp}}
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<eps = 1.0>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return
}
