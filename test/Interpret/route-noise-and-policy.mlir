// Noise, second-choice policies and the order of renormalisation, refusal and scale.
// RUN: moec run --interpret --decimals 4 %s | FileCheck %s
// RUN: moec run --interpret --f64 --decimals 4 %s | FileCheck %s

// Probabilities 1/2, 1/4, 1/8, 1/8.
func.func private @quarters() -> tensor<1x4xf32> {
  %z = arith.constant dense<[[2.0794415, 1.3862944, 0.6931472, 0.6931472]]> : tensor<1x4xf32>
  return %z : tensor<1x4xf32>
}

// Noise on expert 2 that lifts its logit by log 8, to a probability of 8 / (4 + 2 + 8 + 1).
func.func private @noise() -> tensor<1x4xf32> {
  %n = arith.constant dense<[[0.0, 0.0, 2.0794415, 0.0]]> : tensor<1x4xf32>
  return %n : tensor<1x4xf32>
}

// CHECK-LABEL: @clean
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.2500]]
func.func @clean() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// 8/15 and 4/15: noise is part of key and weight.
// CHECK-LABEL: @noisy_logits
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}2, 0]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5333, 0.2667]]
func.func @noisy_logits() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %n = func.call @noise() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z noise(%n : tensor<1x4xf32>)
    {k = 2}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// Noise is part of the key only.
// CHECK-LABEL: @noisy_choice
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}2, 0]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.1250, 0.5000]]
func.func @noisy_choice() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %n = func.call @noise() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z noise(%n : tensor<1x4xf32>)
    {k = 2, key = #moe.key<logit>, noise_site = #moe.noise_site<select_only>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// The first choice ignores it: the sampled second expert of DeepSpeed and fairseq.
// CHECK-LABEL: @noisy_second
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 2]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.1250]]
func.func @noisy_second() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %n = func.call @noise() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z noise(%n : tensor<1x4xf32>)
    {k = 2, key = #moe.key<logit>, noise_site = #moe.noise_site<select_later>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// A bias moves the choice and never the weight.
// CHECK-LABEL: @biased
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}2, 0]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.1250, 0.5000]]
func.func @biased() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %b = arith.constant dense<[0.0, 0.0, 1.0, 0.0]> : tensor<4xf32>
  %i, %w = moe.route %z bias(%b : tensor<4xf32>)
    {k = 2}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// One operand is ranked, another weighs.
// CHECK-LABEL: @key_and_external_weights
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}3, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}4.0000, 2.0000]]
func.func @key_and_external_weights() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %key = arith.constant dense<[[0.1, 0.3, 0.2, 0.4]]> : tensor<1x4xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %i, %w = moe.route %z key(%key : tensor<1x4xf32>) weights(%v : tensor<1x4xf32>)
    {k = 2, weight = #moe.weight<external>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @policy_all
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.2500]]
func.func @policy_all() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, policy = #moe.policy<kind = all>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @policy_none
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, -1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.0000]]
func.func @policy_none() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, policy = #moe.policy<kind = none>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// Weight 1/4 is above 0.2 and not above 0.3.
// CHECK-LABEL: @threshold_below
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.2500]]
func.func @threshold_below() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, policy = #moe.policy<kind = threshold, theta = 0.2>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @threshold_above
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, -1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.0000]]
func.func @threshold_above() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, policy = #moe.policy<kind = threshold, theta = 0.3>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// Kept where u < (1/4) / (1/2).
// CHECK-LABEL: @random_kept
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.2500]]
func.func @random_kept() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %u = arith.constant dense<[[0.9, 0.49]]> : tensor<1x2xf32>
  %i, %w = moe.route %z uniform(%u : tensor<1x2xf32>)
    {k = 2, policy = #moe.policy<kind = random, theta = 0.5>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @random_refused
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, -1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.5000, 0.0000]]
func.func @random_refused() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %u = arith.constant dense<[[0.9, 0.51]]> : tensor<1x2xf32>
  %i, %w = moe.route %z uniform(%u : tensor<1x2xf32>)
    {k = 2, policy = #moe.policy<kind = random, theta = 0.5>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// GShard and Mesh TensorFlow divide first, and the first choice keeps 2/3; the policy reads 1/3.
// CHECK-LABEL: @refused_after_division
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, -1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.6667, 0.0000]]
func.func @refused_after_division() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, policy = #moe.policy<kind = threshold, theta = 0.5>, renorm = #moe.renorm<>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @kept_after_division
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.6667, 0.3333]]
func.func @kept_after_division() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, policy = #moe.policy<kind = threshold, theta = 0.3>, renorm = #moe.renorm<>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// fairseq refuses first, by the probability itself, and divides what is left.
// CHECK-LABEL: @divided_after_refusal
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}1.0000, 0.0000]]
func.func @divided_after_refusal() -> tensor<1x2xf32> {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z {k = 2, policy = #moe.policy<kind = threshold, theta = 0.3>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  %v = moe.renorm %w kept %i {by = #moe.renorm<>} : tensor<1x2xf32>, tensor<1x2xi32> -> tensor<1x2xf32>
  return %v : tensor<1x2xf32>
}

// CHECK-LABEL: @scaled
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}8.0000, 4.0000]]
func.func @scaled() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, scale = 16.0}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @scaled_after_division
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}2.0000, 1.0000]]
func.func @scaled_after_division() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, renorm = #moe.renorm<>, scale = 3.0}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// The original DeepSeek-V2 scales only where it does not divide.
// CHECK-LABEL: @scale_or_division
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.6667, 0.3333]]
func.func @scale_or_division() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, renorm = #moe.renorm<>, scale = 3.0, scale_if_renorm = false}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// CHECK-LABEL: @scale_single
// CHECK-NEXT: tensor<1x1xi32> {{\[\[}}0]]
// CHECK-NEXT: tensor<1x1xf32> {{\[\[}}1.5000]]
func.func @scale_single() -> (tensor<1x1xi32>, tensor<1x1xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 1, renorm = #moe.renorm<multiple_only = true>, scale = 3.0, scale_if_renorm = false}
    : tensor<1x4xf32> -> tensor<1x1xi32>, tensor<1x1xf32>
  return %i, %w : tensor<1x1xi32>, tensor<1x1xf32>
}

// 2 / sqrt(5) and 1 / sqrt(5).
// CHECK-LABEL: @euclidean
// CHECK-NEXT: tensor<1x2xi32> {{\[\[}}0, 1]]
// CHECK-NEXT: tensor<1x2xf32> {{\[\[}}0.8944, 0.4472]]
func.func @euclidean() -> (tensor<1x2xi32>, tensor<1x2xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 2, renorm = #moe.renorm<p = 2>}
    : tensor<1x4xf32> -> tensor<1x2xi32>, tensor<1x2xf32>
  return %i, %w : tensor<1x2xi32>, tensor<1x2xf32>
}

// All experts, in their own order.
// CHECK-LABEL: @dense
// CHECK-NEXT: tensor<1x4xi32> {{\[\[}}0, 1, 2, 3]]
// CHECK-NEXT: tensor<1x4xf32> {{\[\[}}0.5000, 0.2500, 0.1250, 0.1250]]
func.func @dense() -> (tensor<1x4xi32>, tensor<1x4xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %i, %w = moe.route %z
    {k = 4, select = #moe.select<dense>}
    : tensor<1x4xf32> -> tensor<1x4xi32>, tensor<1x4xf32>
  return %i, %w : tensor<1x4xi32>, tensor<1x4xf32>
}

// Softmax over two tokens: 1 / (1 + exp(-1)) and 1/2.
// CHECK-LABEL: @over_tokens
// CHECK-NEXT: tensor<2x2xi32> {{\[\[}}1, 0], [0, 1]]
// CHECK-NEXT: tensor<2x2xf32> {{\[\[}}0.5000, 0.2689], [0.7311, 0.5000]]
func.func @over_tokens() -> (tensor<2x2xi32>, tensor<2x2xf32>) {
  %z = arith.constant dense<[[0.0, 7.0], [1.0, 7.0]]> : tensor<2x2xf32>
  %i, %w = moe.route %z {k = 2, score_axis = #moe.score_axis<tokens>} : tensor<2x2xf32> -> tensor<2x2xi32>, tensor<2x2xf32>
  return %i, %w : tensor<2x2xi32>, tensor<2x2xf32>
}

// A given id of -1 is no choice.
// CHECK-LABEL: @no_choice
// CHECK-NEXT: tensor<1x3xi32> {{\[\[}}1, -1, 1]]
// CHECK-NEXT: tensor<1x3xf32> {{\[\[}}0.5000, 0.0000, 0.5000]]
func.func @no_choice() -> (tensor<1x3xi32>, tensor<1x3xf32>) {
  %z = func.call @quarters() : () -> tensor<1x4xf32>
  %ids = arith.constant dense<[[1, -1, 1]]> : tensor<1x3xi32>
  %i, %w = moe.route %z ids(%ids : tensor<1x3xi32>)
    {k = 3, select = #moe.select<given>, weight = #moe.weight<softmax_selected>}
    : tensor<1x4xf32> -> tensor<1x3xi32>, tensor<1x3xf32>
  return %i, %w : tensor<1x3xi32>, tensor<1x3xf32>
}
