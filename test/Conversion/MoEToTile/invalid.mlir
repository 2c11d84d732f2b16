// RUN: moe-opt %s --convert-moe-to-tile -split-input-file -verify-diagnostics

func.func @router(%z: tensor<?x8xf32>, %u: tensor<?x2xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  // expected-error @+1 {{groups, policy, renorm with p other than 1: no lowering yet}}
  %i, %w = moe.route %z uniform(%u : tensor<?x2xf32>)
    {k = 2, groups = #moe.groups<n = 4, keep = 2>, policy = #moe.policy<kind = random, theta = 0.5>,
     renorm = #moe.renorm<p = 2>}
    : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %i, %w : tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

func.func @sparse_mixer(%z: tensor<?x8xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  // expected-error @+1 {{score = sparse_mixer: no lowering yet}}
  %i, %w = moe.route %z {k = 2, score = #moe.score<sparse_mixer>} : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %i, %w : tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

func.func @over_tokens(%z: tensor<?x8xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  // expected-error @+1 {{score_axis = tokens: no lowering yet}}
  %i, %w = moe.route %z {k = 2, score_axis = #moe.score_axis<tokens>} : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %i, %w : tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

func.func @dense(%z: tensor<?x2xf64>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  // expected-error @+1 {{select = dense, f64 logits: no lowering yet}}
  %i, %w = moe.route %z {k = 2, select = #moe.select<dense>} : tensor<?x2xf64> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %i, %w : tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

func.func @capacity(%ids: tensor<?x2xi32>) -> tensor<?x2xi32> {
  // expected-error @+1 {{has no lowering yet; `moec run --interpret` runs it}}
  %s, %c = moe.assign %ids {experts = 4} : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<4xi32>
  return %s : tensor<?x2xi32>
}

// -----

func.func @slots(%x: tensor<?x8xf32>, %ids: tensor<?x2xi32>, %slots: tensor<?x2xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{slots (expert capacity) have no lowering yet}}
  %r, %o, %p = moe.dispatch %x to %ids slots(%slots : tensor<?x2xi32>) {experts = 4}
    : tensor<?x8xf32>, tensor<?x2xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<?x2xi32>
  return %r : tensor<?x8xf32>
}

// -----

func.func @scaled_input(%x: tensor<?x8xf32>, %ids: tensor<?x1xi32>, %w: tensor<?x1xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{scale (weights applied to the input of experts) has no lowering yet}}
  %r, %o, %p = moe.dispatch %x to %ids scale(%w : tensor<?x1xf32>) {experts = 4}
    : tensor<?x8xf32>, tensor<?x1xi32> -> tensor<?x8xf32>, tensor<5xi32>, tensor<?x1xi32>
  return %r : tensor<?x8xf32>
}

// -----

func.func @run_time_weights(%x: tensor<?x8xf32>, %o: tensor<5xi32>, %w: tensor<4x6x8xf32>) -> tensor<?x6xf32> {
  // expected-error @+1 {{weights is computed at run time; only weights (rt.get_weight) and constants can be packed}}
  %y = moe.grouped_matmul %x, %o, %w : tensor<?x8xf32>, tensor<5xi32>, tensor<4x6x8xf32> -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

func.func @doubly_gated(%x: tensor<?x8xf32>, %o: tensor<5xi32>) -> tensor<?x8xf32> {
  %w1 = arith.constant dense<1.0> : tensor<4x12x8xf32>
  %w2 = arith.constant dense<1.0> : tensor<4x8x6xf32>
  // expected-error @+1 {{activation swiglu_half has no lowering yet}}
  %y = moe.expert %x, %o, %w1, %w2 {activation = #moe.activation<swiglu_half>}
    : tensor<?x8xf32>, tensor<5xi32>, tensor<4x12x8xf32>, tensor<4x8x6xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @f64(%x: tensor<?x8xf64>, %o: tensor<5xi32>) -> tensor<?x6xf64> {
  %w = arith.constant dense<1.0> : tensor<4x6x8xf64>
  // expected-error @+1 {{f64 has no lowering}}
  %y = moe.grouped_matmul %x, %o, %w : tensor<?x8xf64>, tensor<5xi32>, tensor<4x6x8xf64> -> tensor<?x6xf64>
  return %y : tensor<?x6xf64>
}

// -----

func.func @combine(%r: tensor<?x8xf32>, %p: tensor<?x2xi32>, %w: tensor<?x2xf32>, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{order = expert_ascending has no lowering yet}}
  %a = moe.combine %r at %p by %w {order = #moe.order<expert_ascending>} : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  // expected-error @+1 {{passthrough has no lowering yet}}
  %b = moe.combine %r at %p by %w passthrough(%x : tensor<?x8xf32>) : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  // expected-error @+1 {{an accumulator of 'bf16' has no lowering yet}}
  %c = moe.combine %r at %p by %w {accumulator = bf16} : tensor<?x8xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x8xf32>
  return %a, %b, %c : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @no_window(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{has no window yet; run --moe-plan-windows first}}
  %mine, %ranges, %sources = moe.exchange %rows, %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<3xi32>, tensor<5xi32>
  // expected-error @+1 {{has no window yet; run --moe-plan-windows first}}
  %y = moe.exchange_back %mine, %sources to %offsets on @ranks axes [1] owners [0, 1] : tensor<?x8xf32>, tensor<5xi32>, tensor<3xi32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @two_results(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  // expected-error @+1 {{has 2 results; one has a lowering, and `moec run --interpret` runs the others}}
  %y:2 = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 4 : tensor<?x8xf32>, tensor<3xi32> -> tensor<?x8xf32>, tensor<?x8xf32> {
  ^bb0(%mine: tensor<?x8xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine, %mine : tensor<?x8xf32>, tensor<?x8xf32>
  }
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

shard.grid @ranks(shape = 1x2)
func.func @unknown_length(%rows: tensor<?x?xf32>, %offsets: tensor<3xi32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{exchanges rows of unknown length, 'tensor<?x?xf32>'; it has a lowering for static lengths}}
  %y = moe.expert_parallel %rows, %offsets on @ranks axes [1] owners [0, 1] window 4 : tensor<?x?xf32>, tensor<3xi32> -> tensor<?x?xf32> {
  ^bb0(%mine: tensor<?x?xf32>, %ranges: tensor<3xi32>):
    moe.yield %mine : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}

// -----

// expected-note @+1 {{the first one is here}}
shard.grid @a(shape = 1x2)
// expected-error @+1 {{is a second grid; the ranks that run a program together are one grid}}
shard.grid @b(shape = 1x2)

// -----

// expected-error @+1 {{has a size that is not known; a program is compiled for a grid}}
shard.grid @ranks(shape = 1x?)

// -----

func.func @hidden_of_halves(%rows: tensor<?x8xf32>, %offsets: tensor<3xi32>, %w: tensor<2x12x8xf32>) -> tensor<?x6xf32> {
  // expected-error @+1 {{'moe.expert_hidden' op activation swiglu_half has no lowering yet}}
  %h = moe.expert_hidden %rows, %offsets, %w {activation = #moe.activation<swiglu_half>} : tensor<?x8xf32>, tensor<3xi32>, tensor<2x12x8xf32> -> tensor<?x6xf32>
  return %h : tensor<?x6xf32>
}

// -----

func.func @hidden_f64(%rows: tensor<?x8xf64>, %offsets: tensor<3xi32>, %w: tensor<2x6x8xf64>) -> tensor<?x6xf64> {
  // expected-error @+1 {{'moe.expert_hidden' op f64 has no lowering}}
  %h = moe.expert_hidden %rows, %offsets, %w {activation = #moe.activation<silu>} : tensor<?x8xf64>, tensor<3xi32>, tensor<2x6x8xf64> -> tensor<?x6xf64>
  return %h : tensor<?x6xf64>
}
