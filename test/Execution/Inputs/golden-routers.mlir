// The logits go through three routers. Raw softmax: Switch, Qwen2-MoE, OLMoE, Grok-1. Divided by the sum of the chosen:
// Hugging Face's Mixtral. Softmax over the chosen logits: Mistral's, gpt-oss.
func.func @main(%z: tensor<?x4xf32> {rt.name = "z", rt.dim_names = ["tokens", ""]})
    -> (tensor<?x2xi32> {rt.name = "raw_ids"}, tensor<?x2xf32> {rt.name = "raw"},
        tensor<?x2xi32> {rt.name = "renormalised_ids"}, tensor<?x2xf32> {rt.name = "renormalised"},
        tensor<?x2xi32> {rt.name = "selected_ids"}, tensor<?x2xf32> {rt.name = "selected"}) attributes {rt.entry} {
  %a, %u = moe.route %z {k = 2} : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %b, %v = moe.route %z {k = 2, renorm = #moe.renorm<>} : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %c, %w = moe.route %z {k = 2, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
    : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return %a, %u, %b, %v, %c, %w
    : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi32>, tensor<?x2xf32>
}
