//===- MoEAttrs.td - Settings of routers and experts ----------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_MOEATTRS
#define MOEC_DIALECTS_MOE_IR_MOEATTRS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "dialects/MoE/IR/MoEDialect.td"

class MoE_Enum<string name, string mnemonic, string description, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, description, cases> {
  let cppNamespace = "::moec::moe";
  let genSpecializedAttr = 0;
  string attrMnemonic = mnemonic;
}
class MoE_EnumAttr<MoE_Enum enum> : EnumAttr<MoE_Dialect, enum, enum.attrMnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

/// A real parameter, kept as f64 and printed so that it reads back to the same bits.
class MoE_Real<string value> : AttrOrTypeParameter<"::llvm::APFloat", "f64"> {
  let comparator = "$_lhs.bitwiseIsEqual($_rhs)";
  let defaultValue = "::llvm::APFloat(" # value # ")";
  let parser = "::moec::moe::parseReal($_parser)";
  let printer = "$_printer.printFloat($_self)";
}

//===----------------------------------------------------------------------===//
// Router
//===----------------------------------------------------------------------===//

def MoE_Score : MoE_Enum<"Score", "score", "from logits to scores", [
  I32EnumAttrCase<"Softmax", 0, "softmax">,
  I32EnumAttrCase<"Sigmoid", 1, "sigmoid">,
  I32EnumAttrCase<"SqrtSoftplus", 2, "sqrt_softplus">,
  I32EnumAttrCase<"Identity", 3, "identity">,
  I32EnumAttrCase<"SparseMixer", 4, "sparse_mixer">]>;
def MoE_ScoreAttr : MoE_EnumAttr<MoE_Score>;

def MoE_ScoreAxis : MoE_Enum<"ScoreAxis", "score_axis", "axis that a softmax normalises over", [
  I32EnumAttrCase<"Experts", 0, "experts">,
  I32EnumAttrCase<"Tokens", 1, "tokens">]>;
def MoE_ScoreAxisAttr : MoE_EnumAttr<MoE_ScoreAxis>;

def MoE_Key : MoE_Enum<"Key", "key", "what is ranked", [
  I32EnumAttrCase<"Score", 0, "score">,
  I32EnumAttrCase<"Logit", 1, "logit">]>;
def MoE_KeyAttr : MoE_EnumAttr<MoE_Key>;

def MoE_Select : MoE_Enum<"Select", "select", "how experts are chosen", [
  I32EnumAttrCase<"TokenTopK", 0, "token_topk">,
  I32EnumAttrCase<"Table", 1, "table">,
  I32EnumAttrCase<"Dense", 2, "dense">,
  I32EnumAttrCase<"Given", 3, "given">]>;
def MoE_SelectAttr : MoE_EnumAttr<MoE_Select>;

def MoE_Tie : MoE_Enum<"Tie", "tie", "who wins among equals", [
  I32EnumAttrCase<"LowerIndex", 0, "lower_index">,
  I32EnumAttrCase<"HigherIndex", 1, "higher_index">,
  I32EnumAttrCase<"Any", 2, "any">]>;
def MoE_TieAttr : MoE_EnumAttr<MoE_Tie>;

def MoE_WeightSource : MoE_Enum<"WeightSource", "weight", "what a chosen expert weighs", [
  I32EnumAttrCase<"Score", 0, "score">,
  I32EnumAttrCase<"SoftmaxSelected", 1, "softmax_selected">,
  I32EnumAttrCase<"Ones", 2, "ones">,
  I32EnumAttrCase<"External", 3, "external">]>;
def MoE_WeightSourceAttr : MoE_EnumAttr<MoE_WeightSource>;

def MoE_NoiseSite : MoE_Enum<"NoiseSite", "noise_site", "where the noise operand is added", [
  I32EnumAttrCase<"Logits", 0, "logits">,
  I32EnumAttrCase<"SelectOnly", 1, "select_only">,
  I32EnumAttrCase<"SelectLater", 2, "select_later">]>;
def MoE_NoiseSiteAttr : MoE_EnumAttr<MoE_NoiseSite>;

def MoE_GroupReduce : MoE_Enum<"GroupReduce", "group_reduce", "score of a group of experts", [
  I32EnumAttrCase<"Max", 0, "max">,
  I32EnumAttrCase<"Top2Sum", 1, "top2_sum">]>;
def MoE_GroupFill : MoE_Enum<"GroupFill", "group_fill", "key of experts in groups that are not kept", [
  I32EnumAttrCase<"NegInf", 0, "neg_inf">,
  I32EnumAttrCase<"Zero", 1, "zero">]>;

def MoE_GroupsAttr : AttrDef<MoE_Dialect, "Groups"> {
  let mnemonic = "groups";
  let summary = "selection limited to the best groups of experts";
  let description = [{
    The experts form `n` groups of equal size with consecutive ids. Each token keeps the `keep` groups whose
    reduced key (the largest key of the group, or the sum of its two largest) is largest, equal ones by the op's
    `tie`; the keys of all other experts become `fill`.
    With `each` > 0 selection takes `each` experts inside every kept group instead of `k` over all of them, in
    order of ascending group and then of rank (Pangu Pro MoGE: `#moe.groups<n = 8, keep = 8, each = 1>`); `fill`
    is not read then.

    DeepSeek-V3: `#moe.groups<n = 8, keep = 4, reduce = top2_sum, fill = neg_inf>`;
    DeepSeek-V2: `#moe.groups<n = 8, keep = 3, reduce = max, fill = zero>`.
    With `fill = zero` and negative keys a dropped group's expert can win; rewrites must keep that.
  }];
  let parameters = (ins "int64_t":$n, "int64_t":$keep,
    DefaultValuedParameter<"GroupReduce", "GroupReduce::Max">:$reduce,
    DefaultValuedParameter<"GroupFill", "GroupFill::NegInf">:$fill,
    DefaultValuedParameter<"int64_t", "0">:$each);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def MoE_EpsMode : MoE_Enum<"EpsMode", "eps_mode", "how a denominator is kept from zero", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Add", 1, "add">,
  I32EnumAttrCase<"Clamp", 2, "clamp">]>;

def MoE_RenormAttr : AttrDef<MoE_Dialect, "Renorm"> {
  let mnemonic = "renorm";
  let summary = "division of the chosen weights by their norm";
  let description = [{
    Divides each token's chosen weights by `(sum |w|^p)^(1/p)`, where the denominator is the norm itself
    (`mode = none`), the norm plus `eps` (`add`) or the larger of the norm and `eps` (`clamp`). A norm of zero
    with `mode = none` gives zeros. `p = 1` is the usual division by the sum. With `multiple_only` nothing
    happens when k = 1 (Tutel).

    GShard: `#moe.renorm<mode = add, eps = 1.0e-9>`; DeepSeek-V3: `#moe.renorm<mode = add, eps = 1.0e-20>`.
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "1">:$p,
    DefaultValuedParameter<"EpsMode", "EpsMode::None">:$mode,
    MoE_Real<"0.0">:$eps,
    DefaultValuedParameter<"bool", "false">:$multiple_only);
  let assemblyFormat = "`<` (`>`) : (struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}

def MoE_PolicyKind : MoE_Enum<"PolicyKind", "policy_kind", "what happens to choices after the first", [
  I32EnumAttrCase<"All", 0, "all">,
  I32EnumAttrCase<"None", 1, "none">,
  I32EnumAttrCase<"Threshold", 2, "threshold">,
  I32EnumAttrCase<"Random", 3, "random">]>;

def MoE_PolicyAttr : AttrDef<MoE_Dialect, "Policy"> {
  let mnemonic = "policy";
  let summary = "which choices after the first are kept";
  let description = [{
    Applies to choices j >= 1: `all` keeps them; `none` drops them; `threshold` keeps those with weight > `theta`;
    `random` keeps those with `u[t, j] < weight / theta` and needs the op's `uniform` operand. A choice that is not
    kept has weight 0 and id -1.

    The weight is the one after the op's own `renorm`, and refusing a choice does not change the weights of the
    others (Mesh TensorFlow, GShard). Systems that divide after refusing and dropping (fairseq) have no `renorm` in
    `moe.route` and a `moe.renorm` behind it.
  }];
  let parameters = (ins "PolicyKind":$kind, MoE_Real<"0.0">:$theta);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Capacity
//===----------------------------------------------------------------------===//

def MoE_CapacityKind : MoE_Enum<"CapacityKind", "capacity_kind", "what bounds an expert's rows", [
  I32EnumAttrCase<"Factor", 0, "factor">,
  I32EnumAttrCase<"TokenFraction", 1, "token_fraction">,
  I32EnumAttrCase<"Absolute", 2, "absolute">,
  I32EnumAttrCase<"MaxLoad", 3, "max_load">,
  I32EnumAttrCase<"BoundedMaxLoad", 4, "bounded_max_load">]>;
def MoE_Rounding : MoE_Enum<"Rounding", "rounding", "how a capacity becomes an integer", [
  I32EnumAttrCase<"Floor", 0, "floor">,
  I32EnumAttrCase<"Ceil", 1, "ceil">,
  I32EnumAttrCase<"HalfEven", 2, "half_even">]>;

def MoE_CapacityAttr : AttrDef<MoE_Dialect, "Capacity"> {
  let mnemonic = "capacity";
  let summary = "how many rows an expert takes from a group of T tokens";
  let description = [{
    The steps, in this order, with `c = k` if `times_k`, else 1:

    1. `x` by `kind`, evaluated from left to right in f64:

       | kind | x |
       |---|---|
       | `factor`, `bounded_max_load` | `T * c * factor / E` |
       | the same with `ceil_inner` | `ceil(T / E) * factor * c` |
       | the same with `f32` | `(T / E) * (factor * c)` |
       | `token_fraction` | `T * factor` |
       | `absolute` | `factor` |
       | `max_load` | the largest number of pairs that any expert was chosen for |

       `f32` rounds both brackets and the product to f32, as DeepSpeed does, which changes the integer for some
       inputs.
    2. `C = round(x)`, at least 0; `even` adds one to an odd C (OpenMoE).
    3. `outer_k` multiplies by k (Tutel).
    4. `bounded_max_load` takes the smaller of C and the value of `max_load` (Tutel).
    5. `clamp_tokens` takes the smaller of C and T (Mesh TensorFlow).
    6. `C = max(C, min)`; with `zero_min` only where C is 0 (Lingvo).
    7. C is rounded up to a multiple of `multiple`.

    T counts every token of the group, masked ones too; the load of `max_load` counts only pairs that ask for a
    slot: id not -1 and token not masked.

    Sources of each rule: DeepSpeed, Tutel, Lingvo, Mesh TensorFlow, fairseq, V-MoE, Flaxformer, MegaBlocks,
    Hugging Face transformers; see `docs/rationale/moe.md`.
  }];
  let parameters = (ins "CapacityKind":$kind,
    MoE_Real<"1.0">:$factor,
    DefaultValuedParameter<"Rounding", "Rounding::Floor">:$round,
    DefaultValuedParameter<"int64_t", "0">:$min,
    DefaultValuedParameter<"int64_t", "1">:$multiple,
    DefaultValuedParameter<"bool", "false">:$times_k,
    DefaultValuedParameter<"bool", "false">:$outer_k,
    DefaultValuedParameter<"bool", "false">:$ceil_inner,
    DefaultValuedParameter<"bool", "false">:$clamp_tokens,
    DefaultValuedParameter<"bool", "false">:$zero_min,
    DefaultValuedParameter<"bool", "false">:$even,
    DefaultValuedParameter<"bool", "false">:$f32);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def MoE_Priority : MoE_Enum<"Priority", "priority", "the order in which choices claim slots", [
  I32EnumAttrCase<"Any", 0, "any">,
  I32EnumAttrCase<"TokenMajor", 1, "token_major">,
  I32EnumAttrCase<"ChoiceMajor", 2, "choice_major">,
  I32EnumAttrCase<"ScoreSorted", 3, "score_sorted">,
  I32EnumAttrCase<"PerExpertScore", 4, "per_expert_score">,
  I32EnumAttrCase<"Random", 5, "random">]>;
def MoE_PriorityAttr : MoE_EnumAttr<MoE_Priority>;

def MoE_Overflow : MoE_Enum<"Overflow", "overflow", "what happens to a choice without a slot", [
  I32EnumAttrCase<"Drop", 0, "drop">,
  I32EnumAttrCase<"RerouteNext", 1, "reroute_next">]>;
def MoE_OverflowAttr : MoE_EnumAttr<MoE_Overflow>;

//===----------------------------------------------------------------------===//
// Experts and combine
//===----------------------------------------------------------------------===//

def MoE_Activation : MoE_Enum<"Activation", "activation", "non-linearity of an expert", [
  I32EnumAttrCase<"Identity", 0, "identity">,
  I32EnumAttrCase<"Relu", 1, "relu">,
  I32EnumAttrCase<"GeluErf", 2, "gelu_erf">,
  I32EnumAttrCase<"GeluTanh", 3, "gelu_tanh">,
  I32EnumAttrCase<"Silu", 4, "silu">,
  I32EnumAttrCase<"SwigluHalf", 5, "swiglu_half">]>;
def MoE_ActivationAttr : MoE_EnumAttr<MoE_Activation>;

def MoE_Gate : MoE_Enum<"Gate", "gate", "where the gate and up projections of a gated expert lie", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Separate", 1, "separate">,
  I32EnumAttrCase<"ConcatGateFirst", 2, "concat_gate_first">,
  I32EnumAttrCase<"ConcatUpFirst", 3, "concat_up_first">,
  I32EnumAttrCase<"InterleavedGateEven", 4, "interleaved_gate_even">]>;
def MoE_GateAttr : MoE_EnumAttr<MoE_Gate>;

def MoE_WeightLayout : MoE_Enum<"WeightLayout", "layout", "order of a weight's last two dimensions", [
  I32EnumAttrCase<"OutIn", 0, "out_in">,
  I32EnumAttrCase<"InOut", 1, "in_out">]>;
def MoE_WeightLayoutAttr : MoE_EnumAttr<MoE_WeightLayout>;

def MoE_CombineOrder : MoE_Enum<"CombineOrder", "order", "order in which a token's choices are added", [
  I32EnumAttrCase<"Choice", 0, "choice">,
  I32EnumAttrCase<"ExpertAscending", 1, "expert_ascending">]>;
def MoE_CombineOrderAttr : MoE_EnumAttr<MoE_CombineOrder>;

#endif // MOEC_DIALECTS_MOE_IR_MOEATTRS
