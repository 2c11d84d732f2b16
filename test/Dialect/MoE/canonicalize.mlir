// RUN: moe-opt %s --canonicalize -split-input-file | FileCheck %s

//===--- Softmax, top-k and division by the sum: softmax over the chosen logits ---===//

// CHECK-LABEL: @sum_of_chosen
// CHECK: moe.route %{{.*}} {k = 2 : i64, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
func.func @sum_of_chosen(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<>} : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %i, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// What does not enter the key stays: noise on the logits, tie rule, policy, scale.
// CHECK-LABEL: @what_stays
// CHECK: moe.route %{{.*}} noise(%{{.*}} : tensor<4x8xf32>)
// CHECK-SAME: k = 2 : i64, key = #moe.key<logit>, policy = #moe.policy<kind = threshold, theta = {{[^>]*}}>, scale = 2.000000e+00 : f64, tie = #moe.tie<higher_index>, weight = #moe.weight<softmax_selected>
// CHECK-NOT: renorm
func.func @what_stays(%z: tensor<4x8xf32>, %n: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %i, %w = moe.route %z noise(%n : tensor<4x8xf32>)
    {k = 2, renorm = #moe.renorm<>, tie = #moe.tie<higher_index>, scale = 2.0, policy = #moe.policy<kind = threshold, theta = 0.1>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %i, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// With two choices `multiple_only` changes nothing; with one it means that nothing is divided.
// CHECK-LABEL: @multiple_only
// CHECK: moe.route %{{.*}} {k = 2 : i64, key = #moe.key<logit>
// CHECK: moe.route %{{.*}} {k = 1 : i64, renorm = #moe.renorm<multiple_only = true>}
func.func @multiple_only(%z: tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x1xf32>) {
  %i, %w = moe.route %z {k = 2, renorm = #moe.renorm<multiple_only = true>} : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  %j, %v = moe.route %z {k = 1, renorm = #moe.renorm<multiple_only = true>} : tensor<4x8xf32> -> tensor<4x1xi32>, tensor<4x1xf32>
  return %w, %v : tensor<4x2xf32>, tensor<4x1xf32>
}

//===--- It is not that for ---===//

// A denominator that is not the plain sum.
// CHECK-LABEL: @eps(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @eps(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<mode = add, eps = 1.0e-20>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Likewise.
// CHECK-LABEL: @clamped(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @clamped(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<mode = clamp, eps = 1.0e-7>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Another norm.
// CHECK-LABEL: @euclidean(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @euclidean(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<p = 2>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// No division at all.
// CHECK-LABEL: @no_division(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @no_division(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Another score.
// CHECK-LABEL: @sigmoid(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @sigmoid(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<>, score = #moe.score<sigmoid>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// A softmax over tokens.
// CHECK-LABEL: @over_tokens(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @over_tokens(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<>, score_axis = #moe.score_axis<tokens>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// A key that is the logit already, with weights over all experts.
// CHECK-LABEL: @logit_key(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @logit_key(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<>, key = #moe.key<logit>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Other weights.
// CHECK-LABEL: @ones(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @ones(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<>, weight = #moe.weight<ones>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Likewise.
// CHECK-LABEL: @external(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @external(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z weights(%z : tensor<4x8xf32>) {k = 2, renorm = #moe.renorm<>, weight = #moe.weight<external>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// A bias moves scores differently from logits.
// CHECK-LABEL: @biased(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @biased(%z: tensor<4x8xf32>, %b: tensor<8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z bias(%b : tensor<8xf32>) {k = 2, renorm = #moe.renorm<>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// A key of its own.
// CHECK-LABEL: @other_key(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @other_key(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z key(%z : tensor<4x8xf32>) {k = 2, renorm = #moe.renorm<>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Sums of scores are not sums of logits.
// CHECK-LABEL: @grouped(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @grouped(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<>, groups = #moe.groups<n = 2, keep = 1, reduce = top2_sum>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Ids from elsewhere may be -1 or repeat.
// CHECK-LABEL: @given(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @given(%z: tensor<4x8xf32>, %i: tensor<4x2xi32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z ids(%i : tensor<4x2xi32>) {k = 2, renorm = #moe.renorm<>, select = #moe.select<given>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Noise on scores is not noise on logits.
// CHECK-LABEL: @selection_noise(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @selection_noise(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z noise(%z : tensor<4x8xf32>) {k = 2, renorm = #moe.renorm<>, noise_site = #moe.noise_site<select_only>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// Likewise.
// CHECK-LABEL: @later_noise(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @later_noise(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z noise(%z : tensor<4x8xf32>) {k = 2, renorm = #moe.renorm<>, noise_site = #moe.noise_site<select_later>}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

// The scale depends on the division.
// CHECK-LABEL: @scale_or_division(
// CHECK: moe.route
// CHECK-NOT: softmax_selected
// CHECK: return
func.func @scale_or_division(%z: tensor<4x8xf32>) -> (tensor<4x2xi32>, tensor<4x2xf32>) {
  %ids, %w = moe.route %z {k = 2, renorm = #moe.renorm<>, scale = 2.0, scale_if_renorm = false}
    : tensor<4x8xf32> -> tensor<4x2xi32>, tensor<4x2xf32>
  return %ids, %w : tensor<4x2xi32>, tensor<4x2xf32>
}

//===--- Slots of an assign that drops nothing are those of the counting sort ---===//

// Nothing else reads the assign, so it goes.
// CHECK-LABEL: @dropless(
// CHECK-NOT: moe.assign
// CHECK: moe.dispatch %{{.*}} to %{{.*}} {experts = 8 : i64}
func.func @dropless(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) -> (tensor<?x16xf32>, tensor<4x2xi32>) {
  %slots, %counts = moe.assign %ids {experts = 8} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<4x2xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return %rows, %positions : tensor<?x16xf32>, tensor<4x2xi32>
}

// Groups do not matter without capacity.
// CHECK-LABEL: @dropless_groups(
// CHECK-NOT: moe.assign
// CHECK: moe.dispatch %{{.*}} to %{{.*}} {experts = 8 : i64}
func.func @dropless_groups(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) -> (tensor<?x16xf32>, tensor<4x2xi32>) {
  %slots, %counts = moe.assign %ids {experts = 8, group_size = 2} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<4x2xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return %rows, %positions : tensor<?x16xf32>, tensor<4x2xi32>
}

//===--- But not these ---===//

// Capacity drops.
// CHECK-LABEL: @capacity(
// CHECK: moe.assign
// CHECK: moe.dispatch %{{.*}} to %{{.*}} slots(%{{.*}} : tensor<4x2xi32>)
func.func @capacity(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>) -> (tensor<?x16xf32>, tensor<4x2xi32>) {
  %slots, %counts = moe.assign %ids {experts = 8, capacity = #moe.capacity<kind = absolute, factor = 4.0>, priority = #moe.priority<token_major>} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<4x2xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return %rows, %positions : tensor<?x16xf32>, tensor<4x2xi32>
}

// A mask drops.
// CHECK-LABEL: @masked(
// CHECK: moe.assign
// CHECK: moe.dispatch %{{.*}} to %{{.*}} slots(%{{.*}} : tensor<4x2xi32>)
func.func @masked(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>, %m: tensor<4xi1>) -> (tensor<?x16xf32>, tensor<4x2xi32>) {
  %slots, %counts = moe.assign %ids mask(%m : tensor<4xi1>) {experts = 8} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<4x2xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return %rows, %positions : tensor<?x16xf32>, tensor<4x2xi32>
}

// Slots of other ids.
// CHECK-LABEL: @other_ids(
// CHECK: moe.assign
// CHECK: moe.dispatch %{{.*}} to %{{.*}} slots(%{{.*}} : tensor<4x2xi32>)
func.func @other_ids(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>, %other: tensor<4x2xi32>) -> (tensor<?x16xf32>, tensor<4x2xi32>) {
  %slots, %counts = moe.assign %ids {experts = 8} : tensor<4x2xi32> -> tensor<4x2xi32>, tensor<8xi32>
  %rows, %offsets, %positions = moe.dispatch %x to %other slots(%slots : tensor<4x2xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return %rows, %positions : tensor<?x16xf32>, tensor<4x2xi32>
}

// Slots that come from elsewhere.
// CHECK-LABEL: @unknown_slots(
// CHECK: moe.dispatch %{{.*}} to %{{.*}} slots(
func.func @unknown_slots(%x: tensor<4x16xf32>, %ids: tensor<4x2xi32>, %slots: tensor<4x2xi32>) -> tensor<?x16xf32> {
  %rows, %offsets, %positions = moe.dispatch %x to %ids slots(%slots : tensor<4x2xi32>) {experts = 8}
    : tensor<4x16xf32>, tensor<4x2xi32> -> tensor<?x16xf32>, tensor<9xi32>, tensor<4x2xi32>
  return %rows : tensor<?x16xf32>
}
