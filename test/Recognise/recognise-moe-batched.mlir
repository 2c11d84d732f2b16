// RUN: moe-opt %s --split-input-file --recognise-moe --canonicalize | FileCheck %s
// RUN: moe-opt %s --split-input-file --recognise-moe=why=true -o /dev/null --verify-diagnostics

// Matrices gathered for every pair of token and choice. Spellings differ in how rows are repeated, how matrices are
// gathered, on which side they stand, and in the expert's function.

// Repetition by tile, gather_nd, weights on the left, split.
// CHECK-LABEL: @tile
// CHECK: %[[IDS:.*]], %[[C:.*]] = moe.route %arg1 {k = 2 : i64, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
// CHECK: moe.dispatch %arg0 to %[[IDS]] {experts = 4 : i64}
// CHECK: moe.expert %{{.*}}, %{{.*}}, %arg2, %arg3 {activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>}
// CHECK: %[[OUT:.*]] = moe.combine
// CHECK-NOT: onnx
// CHECK: return %[[OUT]]
func.func @tile(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
                %w1: tensor<4x12x8xf32>, %w2: tensor<4x8x6xf32>) -> tensor<?x8xf32> {
  %one = onnx.constant dense<1> : tensor<1xi64>
  %minus = onnx.constant dense<-1> : tensor<1xi64>
  %last = onnx.constant dense<1> : tensor<1xi64>
  %k = onnx.constant dense<2> : tensor<1xi64>
  %repeats = onnx.constant dense<[1, 2, 1]> : tensor<3xi64>
  %flat = onnx.constant dense<[-1, 8]> : tensor<2xi64>
  %pairs = onnx.constant dense<[-1, 2, 8]> : tensor<3xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %p = onnx.softmax %z {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // expected-remark @below {{4 experts, k = 2, softmax, top-k, renormalised, hidden 8, width 6, 'f32'}}
  %v, %i = onnx.topk %p, %k {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %sum = onnx.reduce sum %v, %last {keepdims} : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %c = onnx.binary div %v, %sum : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %x1 = onnx.unsqueeze %x, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %x2 = onnx.tile %x1, %repeats : (tensor<?x1x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %x3 = onnx.reshape %x2, %flat : (tensor<?x2x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %x4 = onnx.unsqueeze %x3, %two : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x8x1xf32>
  %ids = onnx.reshape %i, %minus : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %at = onnx.unsqueeze %ids, %one : (tensor<?xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %g1 = onnx.gather_nd %w1, %at : (tensor<4x12x8xf32>, tensor<?x1xi64>) -> tensor<?x12x8xf32>
  %a = onnx.matmul %g1, %x4 : (tensor<?x12x8xf32>, tensor<?x8x1xf32>) -> tensor<?x12x1xf32>
  %b = onnx.squeeze %a, %two : (tensor<?x12x1xf32>, tensor<1xi64>) -> tensor<?x12xf32>
  %gate, %up = onnx.split %b {axis = 1 : i64} : (tensor<?x12xf32>) -> (tensor<?x6xf32>, tensor<?x6xf32>)
  %s = onnx.unary sigmoid %gate : (tensor<?x6xf32>) -> tensor<?x6xf32>
  %silu = onnx.binary mul %gate, %s : (tensor<?x6xf32>, tensor<?x6xf32>) -> tensor<?x6xf32>
  %h = onnx.binary mul %silu, %up : (tensor<?x6xf32>, tensor<?x6xf32>) -> tensor<?x6xf32>
  %h1 = onnx.unsqueeze %h, %two : (tensor<?x6xf32>, tensor<1xi64>) -> tensor<?x6x1xf32>
  %g2 = onnx.gather_nd %w2, %at : (tensor<4x8x6xf32>, tensor<?x1xi64>) -> tensor<?x8x6xf32>
  %y = onnx.matmul %g2, %h1 : (tensor<?x8x6xf32>, tensor<?x6x1xf32>) -> tensor<?x8x1xf32>
  %y1 = onnx.squeeze %y, %two : (tensor<?x8x1xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %c1 = onnx.reshape %c, %minus : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %c2 = onnx.unsqueeze %c1, %one : (tensor<?xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %t = onnx.binary mul %y1, %c2 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.reshape %t, %pairs : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %out = onnx.reduce sum %t1, %one : (tensor<?x2x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// Repetition by expand, plain gather, weights on the right and stored in x out, alternating columns, biases, the
// clamped gate of gpt-oss with its factors in another order, top-k before softmax, all per token without flattening.
// CHECK-LABEL: @clamped
// CHECK: moe.route %arg1 {k = 2 : i64, key = #moe.key<logit>, weight = #moe.weight<softmax_selected>}
// CHECK: moe.expert %{{.*}}, %{{.*}}, %arg2, %arg3 b1(%arg4 : tensor<4x12xf32>) b2(%arg5 : tensor<4x8xf32>)
// CHECK-SAME: {activation = #moe.activation<silu>, alpha = 1.702{{.*}} : f64, gate = #moe.gate<interleaved_gate_even>, gate_max = 7.000000e+00 : f64,
// CHECK-SAME: layout1 = #moe.layout<in_out>, layout2 = #moe.layout<in_out>, up_abs = 7.000000e+00 : f64, up_offset = 1.000000e+00 : f64}
func.func @clamped(%x: tensor<?x8xf32> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xf32> {onnx.dim_names = ["t", ""]},
                   %w1: tensor<4x8x12xf32>, %w2: tensor<4x6x8xf32>, %b1: tensor<4x12xf32>, %b2: tensor<4x8xf32>)
    -> tensor<?x8xf32> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %end = onnx.constant dense<9223372036854775807> : tensor<1xi64>
  %ones = onnx.constant dense<[1, 2, 1, 1]> : tensor<4xi64>
  %axes = onnx.constant dense<[1, 2]> : tensor<2xi64>
  %limit = onnx.constant dense<7.0> : tensor<f32>
  %low = onnx.constant dense<-7.0> : tensor<f32>
  %alpha = onnx.constant dense<1.702> : tensor<f32>
  %unit = onnx.constant dense<1.0> : tensor<f32>
  // expected-remark @below {{4 experts, k = 2, top-k, softmax, hidden 8, width 6, 'f32'}}
  %v, %i = onnx.topk %z, %two {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x2xf32>, tensor<?x2xi64>)
  %c = onnx.softmax %v {axis = 1 : i64} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %x1 = onnx.unsqueeze %x, %axes : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x1x1x8xf32>
  %x2 = onnx.expand %x1, %ones : (tensor<?x1x1x8xf32>, tensor<4xi64>) -> tensor<?x2x1x8xf32>
  %g1 = onnx.gather %w1, %i {axis = 0 : i64} : (tensor<4x8x12xf32>, tensor<?x2xi64>) -> tensor<?x2x8x12xf32>
  %a = onnx.matmul %x2, %g1 : (tensor<?x2x1x8xf32>, tensor<?x2x8x12xf32>) -> tensor<?x2x1x12xf32>
  %a1 = onnx.squeeze %a, %two : (tensor<?x2x1x12xf32>, tensor<1xi64>) -> tensor<?x2x12xf32>
  %gb1 = onnx.gather %b1, %i {axis = 0 : i64} : (tensor<4x12xf32>, tensor<?x2xi64>) -> tensor<?x2x12xf32>
  %b = onnx.binary add %gb1, %a1 : (tensor<?x2x12xf32>, tensor<?x2x12xf32>) -> tensor<?x2x12xf32>
  %gate = onnx.slice %b, %zero, %end, %two, %two : (tensor<?x2x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x6xf32>
  %up = onnx.slice %b, %one, %end, %two, %two : (tensor<?x2x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x2x6xf32>
  %gate1 = onnx.clip %gate max(%limit : tensor<f32>) : (tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %up1 = onnx.clip %up min(%low : tensor<f32>) max(%limit : tensor<f32>) : (tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %scaled = onnx.binary mul %gate1, %alpha : (tensor<?x2x6xf32>, tensor<f32>) -> tensor<?x2x6xf32>
  %s = onnx.unary sigmoid %scaled : (tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %up2 = onnx.binary add %unit, %up1 : (tensor<f32>, tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %silu = onnx.binary mul %up2, %s : (tensor<?x2x6xf32>, tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %h = onnx.binary mul %gate1, %silu : (tensor<?x2x6xf32>, tensor<?x2x6xf32>) -> tensor<?x2x6xf32>
  %h1 = onnx.unsqueeze %h, %two : (tensor<?x2x6xf32>, tensor<1xi64>) -> tensor<?x2x1x6xf32>
  %g2 = onnx.gather %w2, %i {axis = 0 : i64} : (tensor<4x6x8xf32>, tensor<?x2xi64>) -> tensor<?x2x6x8xf32>
  %y = onnx.matmul %h1, %g2 : (tensor<?x2x1x6xf32>, tensor<?x2x6x8xf32>) -> tensor<?x2x1x8xf32>
  %y1 = onnx.squeeze %y, %two : (tensor<?x2x1x8xf32>, tensor<1xi64>) -> tensor<?x2x8xf32>
  %gb2 = onnx.gather %b2, %i {axis = 0 : i64} : (tensor<4x8xf32>, tensor<?x2xi64>) -> tensor<?x2x8xf32>
  %y2 = onnx.binary add %y1, %gb2 : (tensor<?x2x8xf32>, tensor<?x2x8xf32>) -> tensor<?x2x8xf32>
  %c1 = onnx.unsqueeze %c, %two : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x2x1xf32>
  %t = onnx.binary mul %c1, %y2 : (tensor<?x2x1xf32>, tensor<?x2x8xf32>) -> tensor<?x2x8xf32>
  %out = onnx.reduce sum %t, %one : (tensor<?x2x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  return %out : tensor<?x8xf32>
}

// -----

// bf16: logits widened before the softmax, rows widened before they are weighted, the sum rounded. An ungated expert
// whose matrices lie in one tensor, from which views take them.
// CHECK: rt.weight @[[DOWN:.*]] : tensor<4x8x6xbf16> = #rt.transpose<#rt.slice<#rt.file<"w", 0, tensor<4x14x8xbf16>>, [0, 8, 0], [4, 6, 8]>, [0, 2, 1]>
// CHECK: rt.weight @[[UP:.*]] : tensor<4x6x8xbf16> = #rt.slice<#rt.file<"w", 0, tensor<4x14x8xbf16>>, [0, 0, 0], [4, 6, 8]>
// CHECK-LABEL: @narrow
// CHECK: moe.route %{{.*}} {k = 1 : i64} : tensor<?x4xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
// CHECK: moe.expert %{{.*}} {activation = #moe.activation<relu>} : tensor<?x8xbf16>
// CHECK: %[[OUT:.*]] = moe.combine {{.*}} : tensor<?x8xbf16>, tensor<?x1xi32>, tensor<?x1xf32> -> tensor<?x8xbf16>
// CHECK: return %[[OUT]]
rt.weight @w : tensor<4x14x8xbf16> = #rt.file<"w", 0, tensor<4x14x8xbf16>>
func.func @narrow(%x: tensor<?x8xbf16> {onnx.dim_names = ["t", ""]}, %z: tensor<?x4xbf16> {onnx.dim_names = ["t", ""]})
    -> tensor<?x8xbf16> {
  %zero = onnx.constant dense<0> : tensor<1xi64>
  %one = onnx.constant dense<1> : tensor<1xi64>
  %two = onnx.constant dense<2> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<1xi64>
  %eight = onnx.constant dense<8> : tensor<1xi64>
  %end = onnx.constant dense<14> : tensor<1xi64>
  %w = rt.get_weight @w : tensor<4x14x8xbf16>
  %w1 = onnx.slice %w, %zero, %six, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w2 = onnx.slice %w, %eight, %end, %one : (tensor<4x14x8xbf16>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x6x8xbf16>
  %w3 = onnx.transpose %w2 {perm = array<i64: 0, 2, 1>} : (tensor<4x6x8xbf16>) -> tensor<4x8x6xbf16>
  %wide = onnx.cast %z : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %p = onnx.softmax %wide {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // expected-remark @below {{4 experts, k = 1, softmax, top-k, hidden 8, width 6, 'bf16'}}
  %v, %i = onnx.topk %p, %one {axis = 1 : i64} : (tensor<?x4xf32>, tensor<1xi64>) -> (tensor<?x1xf32>, tensor<?x1xi64>)
  %g1 = onnx.gather_nd %w1, %i : (tensor<4x6x8xbf16>, tensor<?x1xi64>) -> tensor<?x6x8xbf16>
  %g2 = onnx.gather_nd %w3, %i : (tensor<4x8x6xbf16>, tensor<?x1xi64>) -> tensor<?x8x6xbf16>
  %x1 = onnx.unsqueeze %x, %two : (tensor<?x8xbf16>, tensor<1xi64>) -> tensor<?x8x1xbf16>
  %a = onnx.matmul %g1, %x1 : (tensor<?x6x8xbf16>, tensor<?x8x1xbf16>) -> tensor<?x6x1xbf16>
  %h = onnx.unary relu %a : (tensor<?x6x1xbf16>) -> tensor<?x6x1xbf16>
  %y = onnx.matmul %g2, %h : (tensor<?x8x6xbf16>, tensor<?x6x1xbf16>) -> tensor<?x8x1xbf16>
  %y1 = onnx.squeeze %y, %two : (tensor<?x8x1xbf16>, tensor<1xi64>) -> tensor<?x8xbf16>
  %y2 = onnx.cast %y1 : (tensor<?x8xbf16>) -> tensor<?x8xf32>
  %t = onnx.binary mul %y2, %v : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %t1 = onnx.unsqueeze %t, %one : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  %sum = onnx.reduce sum %t1, %one : (tensor<?x1x8xf32>, tensor<1xi64>) -> tensor<?x8xf32>
  %out = onnx.cast %sum : (tensor<?x8xf32>) -> tensor<?x8xbf16>
  return %out : tensor<?x8xbf16>
}
