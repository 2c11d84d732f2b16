//===- MoERouterOps.td - route, route_experts, assign, renorm -*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOEROUTEROPS
#define MOEC_DIALECTS_MOE_IR_MOEROUTEROPS

include "dialects/MoE/IR/MoEDialect.td"
include "dialects/MoE/IR/MoEAttrs.td"

def MoE_RouteOp : MoE_Op<"route", [AttrSizedOperandSegments]> {
  let summary = "choose k experts for each token and weigh them";
  let description = [{
    For every token (row of `logits`, T x E), in this order and in f32 (f64 for f64 logits):

    1. `z = logits` (+ `noise` if `noise_site` is `logits`).
    2. `s = score(z)`: softmax (over the experts of a token, or over the tokens if `score_axis` is `tokens`),
       sigmoid, sqrt(softplus(z)), z itself, or the sparse mixer of Phi-3.5-MoE (see below).
    3. The choice key: `s`, or `z` if `key` is `logit`, or the `key` operand; + `noise` if `noise_site` is
       `select_only`; + `bias`, which is never part of a weight; then `groups`. With `select_later` the first choice
       is made without noise and the others, among the experts left, with it (DeepSpeed's and fairseq's sampled
       second expert: Gumbel noise, `key = logit`); it excludes `groups`.
    4. `ids`: the `k` largest keys in descending order, equal keys by `tie`; `any` leaves the order among equals to
       the implementation. NaN ranks below every number, so k different experts are always found.
       `select = table` takes ids from row `token_ids[t]` of `table` (V x k), `given` from the `ids` operand; both
       must hold ids in -1 ... E-1, -1 being no choice, and may repeat an expert. `dense` is 0 ... E-1 with k = E.
    5. `weights`: the score of each choice; or softmax over the chosen logits `z`; or 1; or, with `external`, the
       entry of the `weights` operand (T x E) at the choice. The weight of no choice is 0.
    6. `renorm`, `policy` on choices after the first, then multiplication by `scale` (unless `scale_if_renorm` is
       false and a renormalisation took place: DeepSeek-V2). `policy` comes after `renorm`: where a second expert
       is refused, the first keeps its share (Mesh TensorFlow, GShard's legacy mode).
    7. The weights are rounded once to their element type.

    Sums are in ascending order of experts (of tokens for `score_axis = tokens`, of choices in 5 and 6). Softmax
    subtracts the maximum first.

    The sparse mixer (`score = sparse_mixer`, k = 2, threshold `mixer_eps`) repeats twice: take the largest logit
    m of those left; weigh it by its softmax over the logits z that are left, without those where
    `(m - z) / max(|z|, m) > 2 * mixer_eps`; strike it out. The two weights are independent, their sum may be 2.

    A choice that the policy refuses has id -1 and weight 0. `softmax`, top-k and division by the sum of the chosen
    equals `key = logit, weight = softmax_selected`, to which the op canonicalises, for logits that are numbers and
    close enough that no score underflows to 0 (88 apart in f32). Beyond that the canonical form chooses better:
    experts whose scores underflow still rank by their logits, and one NaN does not make every score NaN.

    | operand | shape | |
    |---|---|---|
    | `logits` | T x E | |
    | `key` | T x E | replaces the computed key |
    | `bias` | E | added to the key |
    | `noise` | T x E | added where `noise_site` says |
    | `uniform` | T x k | in [0, 1), for `policy` random |
    | `weights` | T x E | for `weight = external` |
    | `ids` | T x k | for `select = given` |
    | `table`, `token_ids` | V x k, T | for `select = table` |

    Example, Mixtral and DeepSeek-V3:

    ```mlir
    %i, %w = moe.route %z {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
        : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
    %j, %v = moe.route %z bias(%b : tensor<256xf32>)
        {k = 8, score = #moe.score<sigmoid>, groups = #moe.groups<n = 8, keep = 4, reduce = top2_sum>,
         renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5}
        : tensor<?x256xf32> -> tensor<?x8xi32>, tensor<?x8xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$logits,
    Optional<MoE_Matrix>:$key_override,
    Optional<MoE_Vector>:$select_bias,
    Optional<MoE_Matrix>:$noise,
    Optional<MoE_Matrix>:$uniform,
    Optional<MoE_Matrix>:$external_weights,
    Optional<MoE_IndexMatrix>:$given_ids,
    Optional<MoE_IndexMatrix>:$table,
    Optional<MoE_IndexVector>:$token_ids,
    I64Attr:$k,
    DefaultValuedAttr<MoE_ScoreAttr, "Score::Softmax">:$score,
    DefaultValuedAttr<MoE_ScoreAxisAttr, "ScoreAxis::Experts">:$score_axis,
    DefaultValuedAttr<F64Attr, "0.01">:$mixer_eps,
    DefaultValuedAttr<MoE_KeyAttr, "Key::Score">:$key,
    DefaultValuedAttr<MoE_NoiseSiteAttr, "NoiseSite::Logits">:$noise_site,
    OptionalAttr<MoE_GroupsAttr>:$groups,
    DefaultValuedAttr<MoE_SelectAttr, "Select::TokenTopK">:$select,
    DefaultValuedAttr<MoE_TieAttr, "Tie::LowerIndex">:$tie,
    DefaultValuedAttr<MoE_WeightSourceAttr, "WeightSource::Score">:$weight,
    OptionalAttr<MoE_PolicyAttr>:$policy,
    OptionalAttr<MoE_RenormAttr>:$renorm,
    DefaultValuedAttr<F64Attr, "1.0">:$scale,
    DefaultValuedAttr<BoolAttr, "true">:$scale_if_renorm);
  let results = (outs MoE_IndexMatrix:$ids, MoE_Matrix:$weights);
  let assemblyFormat = [{
    $logits
    oilist(`key` `(` $key_override `:` type($key_override) `)`
         | `bias` `(` $select_bias `:` type($select_bias) `)`
         | `noise` `(` $noise `:` type($noise) `)`
         | `uniform` `(` $uniform `:` type($uniform) `)`
         | `weights` `(` $external_weights `:` type($external_weights) `)`
         | `ids` `(` $given_ids `:` type($given_ids) `)`
         | `table` `(` $table `:` type($table) `)`
         | `token_ids` `(` $token_ids `:` type($token_ids) `)`)
    attr-dict `:` type($logits) `->` type($ids) `,` type($weights)
  }];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// Number of experts E, or ShapedType::kDynamic.
    int64_t getNumExperts() {
      return ::mlir::cast<::mlir::RankedTensorType>(getLogits().getType()).getDimSize(1);
    }
    /// Whether a token's result depends on other tokens.
    bool dependsOnOtherTokens() {
      return getScoreAxis() == ScoreAxis::Tokens && getScore() == Score::Softmax;
    }
    /// Whether every row of ids holds k different experts.
    bool hasDistinctIds() {
      return getSelect() == Select::TokenTopK || getSelect() == Select::Dense;
    }
  }];
}

def MoE_RouteExpertsOp : MoE_Op<"route_experts"> {
  let summary = "let each expert choose its tokens";
  let description = [{
    Expert-choice routing: `s = score(logits)` as in `moe.route`, over the axis `score_axis`; each expert takes the
    C tokens with the largest score, all of them if there are fewer (equal scores: lower token index first; NaN
    ranks last), C by `capacity` with k = 1. `slots[t, e]` is the rank of token t among expert e's choices, or -1;
    `weights[t, e]` is the score of a chosen pair, 0 of others, and is divided by the number of experts that took
    the token if `divide_by_count` is set (Mesh TensorFlow's expert_selection). A token may be taken by none.

    The results feed `moe.dispatch` with the dense ids of `moe.route {select = dense}`. A token's result depends on
    tokens after it: the op is not causal and has no place in a decoder with a key/value cache.

    ```mlir
    %s, %w = moe.route_experts %z {capacity = #moe.capacity<kind = absolute, factor = 4.0>}
        : tensor<8x4xf32> -> tensor<8x4xi32>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$logits,
    MoE_CapacityAttr:$capacity,
    DefaultValuedAttr<MoE_ScoreAttr, "Score::Softmax">:$score,
    DefaultValuedAttr<MoE_ScoreAxisAttr, "ScoreAxis::Experts">:$score_axis,
    UnitAttr:$divide_by_count);
  let results = (outs MoE_IndexMatrix:$slots, MoE_Matrix:$weights);
  let assemblyFormat = "$logits attr-dict `:` type($logits) `->` type($slots) `,` type($weights)";
}

def MoE_AssignOp : MoE_Op<"assign", [AttrSizedOperandSegments]> {
  let summary = "give each choice a slot in its expert, or drop it";
  let description = [{
    `slots[t, j]` is the place of choice j of token t among the rows of expert `ids[t, j]`, or -1 if the choice was
    dropped; `counts[e]` is the number of choices that expert e kept, and its slots are 0 ... counts[e]-1, each once.
    Ids are in -1 ... experts-1. Without `capacity` nothing is dropped and slots count in token-major order.

    With `capacity`, each group of `group_size` consecutive tokens (0: all tokens; the last group may be shorter)
    fills C slots per expert in the order of `priority`, C by the group's own number of tokens. The slots of a
    group follow those of the groups before it.

    | priority | order |
    |---|---|
    | `token_major` | t, then j (MegaBlocks; DeepSpeed `position`) |
    | `choice_major` | j, then t (GShard, Switch, fairseq, V-MoE) |
    | `score_sorted` | j, then tokens by descending largest score (batch priority routing) |
    | `per_expert_score` | each expert keeps its C best scores; slots are in token order (DeepSpeed, switch_max) |
    | `random` | each expert keeps the C largest of `uniform`; slots are in token order (DeepSpeed RTS) |
    | `any` | unspecified; only without `capacity` |

    Equal scores and equal random numbers fall to the lower token, then the lower choice; NaN ranks last. A claim
    that finds its expert full is dropped and does not hold back later ones.

    `overflow = reroute_next` gives each token one slot: in round j the tokens still without one try their j-th
    choice (no token left behind). Tokens whose `mask` is false take no slot. Ids of -1 get slot -1.

    Capacity makes a token's result depend on the tokens around it; `token_major` alone depends only on earlier ones.

    ```mlir
    %slots, %counts = moe.assign %ids scores(%w : tensor<?x2xf32>)
        {experts = 8, capacity = #moe.capacity<kind = factor, factor = 1.25, min = 4, times_k = true, round = ceil>,
         priority = #moe.priority<choice_major>}
        : tensor<?x2xi32> -> tensor<?x2xi32>, tensor<8xi32>
    ```
  }];
  let arguments = (ins MoE_IndexMatrix:$ids,
    Optional<MoE_Matrix>:$scores,
    Optional<TensorRankOf<[I1], [1]>>:$mask,
    Optional<MoE_Matrix>:$uniform,
    I64Attr:$experts,
    OptionalAttr<MoE_CapacityAttr>:$capacity,
    DefaultValuedAttr<MoE_PriorityAttr, "Priority::Any">:$priority,
    DefaultValuedAttr<MoE_OverflowAttr, "Overflow::Drop">:$overflow,
    DefaultValuedAttr<I64Attr, "0">:$group_size);
  let results = (outs MoE_IndexMatrix:$slots, MoE_IndexVector:$counts);
  let assemblyFormat = [{
    $ids
    oilist(`scores` `(` $scores `:` type($scores) `)`
         | `mask` `(` $mask `:` type($mask) `)`
         | `uniform` `(` $uniform `:` type($uniform) `)`)
    attr-dict `:` type($ids) `->` type($slots) `,` type($counts)
  }];
}

def MoE_RenormOp : MoE_Op<"renorm", [SameOperandsAndResultShape]> {
  let summary = "renormalise weights after dropping";
  let description = [{
    Sets the weights of dropped choices (slot -1) to zero and divides what is left as `by` says, in f32 (f64 for
    f64 weights). It never moves above the `moe.assign` that made the slots: dividing before dropping is
    `moe.route`'s own `renorm` and gives other numbers. The ids of a `moe.route` with a `policy` may stand for
    slots: what the policy refused has id -1.

    ```mlir
    %v = moe.renorm %w kept %slots {by = #moe.renorm<mode = clamp, eps = 1.1920929e-7>}
        : tensor<?x2xf32>, tensor<?x2xi32> -> tensor<?x2xf32>
    ```
  }];
  let arguments = (ins MoE_Matrix:$weights, MoE_IndexMatrix:$slots, MoE_RenormAttr:$by);
  let results = (outs MoE_Matrix:$result);
  let assemblyFormat =
    "$weights `kept` $slots attr-dict `:` type($weights) `,` type($slots) `->` type($result)";
}

#endif // MOEC_DIALECTS_MOE_IR_MOEROUTEROPS
