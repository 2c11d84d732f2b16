// Where 16-bit experts round: sums, gate, up and activation stay in f32, the hidden row is rounded once.
// With u the distance from 1 to the next number, x = (1, u/2), and h = (1 + u/2, 1) without a gate, whose first
// element is a tie and becomes 1: W2 h = 1 - 1. With a gate h = ((1 + u/2)^2, 1) = (1 + u, 1): W2 h = u, which is
// 2^-10 in f16 and 2^-7 in bf16; rounded gates and ups would give 0.
// RUN: moec run --interpret --decimals 7 %s | FileCheck %s --check-prefix=INTERPRETED
// RUN: moec run %s | FileCheck %s --check-prefix=COMPILED
// INTERPRETED: tensor<1x1xf16> {{\[\[}}0.0000000]]
// INTERPRETED-NEXT: tensor<1x1xf16> {{\[\[}}0.0009766]]
// INTERPRETED-NEXT: tensor<1x1xbf16> {{\[\[}}0.0000000]]
// INTERPRETED-NEXT: tensor<1x1xbf16> {{\[\[}}0.0078125]]
// COMPILED: f16_plain f16[1,1]: 0{{$}}
// COMPILED: f16_gated f16[1,1]: 0.000976{{[0-9]*$}}
// COMPILED: bf16_plain bf16[1,1]: 0{{$}}
// COMPILED: bf16_gated bf16[1,1]: 0.0078125{{$}}

func.func @main() -> (tensor<1x1xf16> {rt.name = "f16_plain"}, tensor<1x1xf16> {rt.name = "f16_gated"},
                      tensor<1x1xbf16> {rt.name = "bf16_plain"}, tensor<1x1xbf16> {rt.name = "bf16_gated"})
    attributes {rt.entry} {
  %z = arith.constant dense<0.0> : tensor<1x1xf32>
  %ids, %weights = moe.route %z {k = 1} : tensor<1x1xf32> -> tensor<1x1xi32>, tensor<1x1xf32>
  %x_f16 = arith.constant dense<[[1.0, 0.00048828125]]> : tensor<1x2xf16>
  %w1_f16 = arith.constant dense<[[[1.0, 1.0], [1.0, 0.0]]]> : tensor<1x2x2xf16>
  %w2_f16 = arith.constant dense<[[[1.0, -1.0]]]> : tensor<1x1x2xf16>
  %rows_f16, %offsets_f16, %positions_f16 = moe.dispatch %x_f16 to %ids {experts = 1}
    : tensor<1x2xf16>, tensor<1x1xi32> -> tensor<?x2xf16>, tensor<2xi32>, tensor<1x1xi32>
  %h0_f16 = moe.expert %rows_f16, %offsets_f16, %w1_f16, %w2_f16
    {activation = #moe.activation<identity>}
    : tensor<?x2xf16>, tensor<2xi32>, tensor<1x2x2xf16>, tensor<1x1x2xf16> -> tensor<?x1xf16>
  %y0_f16 = moe.combine %h0_f16 at %positions_f16 by %weights
    : tensor<?x1xf16>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xf16>
  %h1_f16 = moe.expert %rows_f16, %offsets_f16, %w1_f16, %w2_f16 up(%w1_f16 : tensor<1x2x2xf16>)
    {activation = #moe.activation<identity>, gate = #moe.gate<separate>}
    : tensor<?x2xf16>, tensor<2xi32>, tensor<1x2x2xf16>, tensor<1x1x2xf16> -> tensor<?x1xf16>
  %y1_f16 = moe.combine %h1_f16 at %positions_f16 by %weights
    : tensor<?x1xf16>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xf16>
  %x_bf16 = arith.constant dense<[[1.0, 0.00390625]]> : tensor<1x2xbf16>
  %w1_bf16 = arith.constant dense<[[[1.0, 1.0], [1.0, 0.0]]]> : tensor<1x2x2xbf16>
  %w2_bf16 = arith.constant dense<[[[1.0, -1.0]]]> : tensor<1x1x2xbf16>
  %rows_bf16, %offsets_bf16, %positions_bf16 = moe.dispatch %x_bf16 to %ids {experts = 1}
    : tensor<1x2xbf16>, tensor<1x1xi32> -> tensor<?x2xbf16>, tensor<2xi32>, tensor<1x1xi32>
  %h0_bf16 = moe.expert %rows_bf16, %offsets_bf16, %w1_bf16, %w2_bf16
    {activation = #moe.activation<identity>}
    : tensor<?x2xbf16>, tensor<2xi32>, tensor<1x2x2xbf16>, tensor<1x1x2xbf16> -> tensor<?x1xbf16>
  %y0_bf16 = moe.combine %h0_bf16 at %positions_bf16 by %weights
    : tensor<?x1xbf16>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xbf16>
  %h1_bf16 = moe.expert %rows_bf16, %offsets_bf16, %w1_bf16, %w2_bf16 up(%w1_bf16 : tensor<1x2x2xbf16>)
    {activation = #moe.activation<identity>, gate = #moe.gate<separate>}
    : tensor<?x2xbf16>, tensor<2xi32>, tensor<1x2x2xbf16>, tensor<1x1x2xbf16> -> tensor<?x1xbf16>
  %y1_bf16 = moe.combine %h1_bf16 at %positions_bf16 by %weights
    : tensor<?x1xbf16>, tensor<1x1xi32>, tensor<1x1xf32> -> tensor<1x1xbf16>
  return %y0_f16, %y1_f16, %y0_bf16, %y1_bf16 : tensor<1x1xf16>, tensor<1x1xf16>, tensor<1x1xbf16>, tensor<1x1xbf16>
}
