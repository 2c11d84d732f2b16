// A layer of eight experts of 64 x 96, two per token; the number of tokens is open.
rt.weight @gate_up : tensor<8x192x64xf32> = dense<0.5> : tensor<8x192x64xf32>
rt.weight @down : tensor<8x64x96xf32> = dense<0.25> : tensor<8x64x96xf32>
func.func @main(%x: tensor<?x64xf32> {rt.name = "x", rt.dim_names = ["tokens", ""]},
                %z: tensor<?x8xf32> {rt.name = "logits", rt.dim_names = ["tokens", ""]})
    -> (tensor<?x64xf32> {rt.name = "y"}) attributes {rt.entry} {
  %w1 = rt.get_weight @gate_up : tensor<8x192x64xf32>
  %w2 = rt.get_weight @down : tensor<8x64x96xf32>
  %ids, %weights = moe.route %z {k = 2, renorm = #moe.renorm<>}
    : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %rows, %offsets, %positions = moe.dispatch %x to %ids {experts = 8}
    : tensor<?x64xf32>, tensor<?x2xi32> -> tensor<?x64xf32>, tensor<9xi32>, tensor<?x2xi32>
  %y = moe.expert %rows, %offsets, %w1, %w2
      {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
    : tensor<?x64xf32>, tensor<9xi32>, tensor<8x192x64xf32>, tensor<8x64x96xf32> -> tensor<?x64xf32>
  %out = moe.combine %y at %positions by %weights
    : tensor<?x64xf32>, tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x64xf32>
  return %out : tensor<?x64xf32>
}
